import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import { FileError, InvalidDataError } from "../../src/errors.ts";
import { runTraining } from "../../src/train/training.node.ts";
import { sharedData } from "../helpers/shared-data.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("notmnist", () => {
  const { at, write } = useTemporaryFolder();
  const images = gzipSync(Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 255, 0, 51, 0));
  const labels = gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 9));

  test("is read with no training examples where only its test files are there, with them where they are", async () => {
    write("t10k-images-idx3-ubyte.gz", images);
    write("t10k-labels-idx1-ubyte.gz", labels);
    const alone = await loadDataset("notmnist", { directory: at() });
    expect([alone.train.x.shape, alone.train.y.shape, alone.test.x.shape]).toEqual([[0, 1, 1, 2], [0], [2, 1, 1, 2]]);
    expect([...alone.test.y.data].map((k) => alone.classes[Number(k)])).toEqual(["A", "J"]);
    write("train-images-idx3-ubyte.gz", images);
    await expect(loadDataset("notmnist", { directory: at() })).rejects.toThrow(
      "train-labels-idx1-ubyte.gz: no such file",
    );
    write("train-labels-idx1-ubyte.gz", labels);
    expect((await loadDataset("notmnist", { directory: at(), limit: 1 })).train.x.shape).toEqual([1, 1, 1, 2]);
    // MNIST itself is refused without its training part.
    await expect(loadDataset("mnist", { directory: at("none") })).rejects.toThrow(FileError);
  });

  test("alone is refused for training in one line", async () => {
    write("t10k-images-idx3-ubyte.gz", images);
    write("t10k-labels-idx1-ubyte.gz", labels);
    const request = {
      data: "notmnist",
      dataDirectory: at(),
      model: "mlp:2:tanh",
      loss: "cross-entropy",
      optimizer: "gd",
    };
    await expect(
      runTraining({
        ...request,
        optimizerOptions: { lr: 0.1 },
        steps: 1,
        seed: 0,
        dtype: "float32",
        out: at("a.pkrun"),
      }),
    ).rejects.toThrow(new InvalidDataError("notmnist: must have training examples to train on, got a test part alone"));
  });

  test("that is in no folder is refused with the files that are needed", async () => {
    vi.stubEnv("PATHKERNEL_DATA_DIR", "");
    await expect(loadDataset("notmnist")).rejects.toThrow(
      "notmnist must be in a folder that is given, got none there: give the folder of its files t10k-images-idx3-ubyte.gz",
    );
    await expect(loadDataset("notmnist", { directory: at() })).rejects.toThrow(
      `notmnist must be in ${at()}, got none there`,
    );
  });
});

test("the letters that the shared folder has are 10,000 of ten classes", async ({ skip }) => {
  const directory = sharedData("notmnist");
  if (directory === undefined) return skip("no notmnist in PATHKERNEL_DATA_DIR or ../shared/data");
  const { train, test: letters } = await loadDataset("notmnist", { directory });
  expect([train.x.shape[0], letters.x.shape]).toEqual([0, [10_000, 1, 28, 28]]);
  expect(new Set(Array.from(letters.y.data, Number)).size).toBe(10);
});
