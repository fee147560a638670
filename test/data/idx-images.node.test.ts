// The canonical sets by facts that are known of them, and the layout by tiny sets in a folder.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import type { Split } from "../../src/data/types.ts";
import { FileError, InvalidDataError, isPathkernelError } from "../../src/errors.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

function countsOf({ y }: Split): number[] {
  const counts = Array<number>(10).fill(0);
  for (const label of y.data) counts[Number(label)]++;
  return counts;
}

function momentsOf({ x }: Split): [mean: number, deviation: number] {
  let [sum, squares] = [0, 0];
  for (const value of x.data) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / x.data.length;
  return [mean, Math.sqrt(squares / x.data.length - mean * mean)];
}

test("mnist has its 60,000 and 10,000 examples, canonical class counts, and pixels of mean 0.1307 and deviation 0.3081", async () => {
  const mnist = await loadDataset("mnist");
  expect(mnist).toMatchObject({ source: "mnist", task: "classification", inputShape: [1, 28, 28] });
  expect(mnist.classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  expect([mnist.train.x.shape, mnist.test.x.shape]).toEqual([
    [60_000, 1, 28, 28],
    [10_000, 1, 28, 28],
  ]);
  expect([mnist.train.x.dtype, mnist.train.y.dtype]).toEqual(["float32", "int64"]);
  expect(countsOf(mnist.train)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  expect(countsOf(mnist.test)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  // The four digits that everybody normalises with; half a unit of the last one is allowed.
  const [mean, deviation] = momentsOf(mnist.train);
  expect(mean).toBeAllclose(0.1307, { atol: 5e-5 });
  expect(deviation).toBeAllclose(0.3081, { atol: 5e-5 });
  expect(mnist.sha256).toMatch(/^[0-9a-f]{64}$/);
});

test("mnist with a limit keeps the first training examples and the whole test part", async () => {
  const few = await loadDataset("mnist", { limit: 3 });
  expect(few.train.x.shape).toEqual([3, 1, 28, 28]);
  expect([...few.train.y.data]).toEqual([5n, 0n, 4n]); // the first labels of the training file
  expect([few.train.x.data.length, few.train.x.data.buffer.byteLength]).toEqual([3 * 784, 4 * 3 * 784]);
  expect(few.test.x.shape[0]).toBe(10_000);
});

test("fashion-mnist has 6,000 and 1,000 examples of each class, and pixels of mean 0.2860 and deviation 0.3530", async ({
  skip,
}) => {
  const fashion = await loadDataset("fashion-mnist").catch((error: unknown) => {
    if (!(error instanceof FileError)) throw error;
    expect(error.message).toContain("dataset-fashion-mnist");
    return undefined;
  });
  if (fashion === undefined) return skip("Debian's package dataset-fashion-mnist is not installed");
  expect(countsOf(fashion.train)).toEqual(Array(10).fill(6000));
  expect(countsOf(fashion.test)).toEqual(Array(10).fill(1000));
  expect(fashion.classes[9]).toBe("Ankle boot");
  expect(fashion.train.y.data[0]).toBe(9n); // the paper's first picture is an ankle boot
  const [mean, deviation] = momentsOf(fashion.train);
  expect(mean).toBeAllclose(0.286, { atol: 5e-5 });
  expect(deviation).toBeAllclose(0.353, { atol: 5e-5 });
});

describe("a folder of IDX files", () => {
  const { at, write } = useTemporaryFolder();
  const images = (n: number, width = 2) =>
    Uint8Array.of(0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 1, 0, 0, 0, width, ...Array<number>(n * width).fill(51));
  const labels = (...values: number[]) => Uint8Array.of(0, 0, 8, 1, 0, 0, 0, values.length, ...values);

  function writeSet(overrides: Record<string, Uint8Array> = {}): void {
    const files = {
      "train-images-idx3-ubyte": images(2),
      "train-labels-idx1-ubyte": labels(9, 1),
      "t10k-images-idx3-ubyte": images(1),
      "t10k-labels-idx1-ubyte": labels(0),
      ...overrides,
    };
    for (const [name, content] of Object.entries(files)) write(name, content);
  }

  const refusal = async (): Promise<string> => {
    const error: unknown = await loadDataset("fashion-mnist", { directory: at() }).catch((thrown: unknown) => thrown);
    expect(isPathkernelError(error)).toBe(true);
    return (error as Error).message;
  };

  test("is read from the directory that is given, plain or gzipped, with pixels over 255", async () => {
    writeSet();
    const plain = await loadDataset("mnist", { directory: at() });
    expect(plain.train.x).toEqual({ dtype: "float32", shape: [2, 1, 1, 2], data: Float32Array.of(0.2, 0.2, 0.2, 0.2) });
    expect([...plain.train.y.data, ...plain.test.y.data]).toEqual([9n, 1n, 0n]);
    mkdirSync(at("gz"));
    for (const name of readdirSync(at()).filter((file) => file.endsWith("ubyte"))) {
      write(`gz/${name}.gz`, gzipSync(readFileSync(at(name))));
    }
    expect((await loadDataset("mnist", { directory: at("gz") })).sha256).toBe(plain.sha256);
  });

  test("is refused where a gzipped file would expand further than images do", async () => {
    writeSet();
    rmSync(at("t10k-labels-idx1-ubyte"));
    write("t10k-labels-idx1-ubyte.gz", gzipSync(new Uint8Array(2 ** 27)));
    expect(await refusal()).toContain("t10k-labels-idx1-ubyte.gz: must be a whole gzip file, got");
  });

  test("is refused with a label out of range, other counts, other sizes, a damaged or missing file", async () => {
    writeSet({ "train-labels-idx1-ubyte": labels(3, 10) });
    expect(await refusal()).toBe(`${at("train")}-labels-idx1-ubyte: labels must be 0 to 9, got 10 at index 1`);
    writeSet({ "train-labels-idx1-ubyte": labels(3) });
    expect(await refusal()).toContain("images (n, height, width) must go with labels (n), got (2, 1, 2) and (1)");
    writeSet({ "t10k-images-idx3-ubyte": images(1, 3) });
    expect(await refusal()).toContain("test images must have the training images' shape (1, 1, 2), got (1, 1, 3)");
    writeSet({ "train-images-idx3-ubyte": images(2).subarray(0, 18) });
    expect(await refusal()).toContain("shape (2, 1, 2) needs 4 bytes of elements, got 2");
    writeSet();
    rmSync(at("t10k-labels-idx1-ubyte"));
    expect(await refusal()).toContain("t10k-labels-idx1-ubyte.gz: no such file");
    write("t10k-labels-idx1-ubyte.gz", gzipSync(labels(0)).subarray(0, 20));
    expect(await refusal()).toContain(
      "t10k-labels-idx1-ubyte.gz: must be a whole gzip file, got 20 bytes that are not",
    );
  });

  test("that is empty is refused with how to get the files", async () => {
    expect(await refusal()).toContain("install Debian's package dataset-fashion-mnist, or give the folder");
    await expect(loadDataset("mnist", { directory: at() })).rejects.toThrow(FileError);
    write("train-images-idx3-ubyte", "garbage");
    await expect(loadDataset("mnist", { directory: at() })).rejects.toThrow(InvalidDataError);
  });

  test("is found below PATHKERNEL_DATA_DIR by the source's name", async () => {
    writeSet();
    const files = readdirSync(at());
    const before = process.env.PATHKERNEL_DATA_DIR;
    process.env.PATHKERNEL_DATA_DIR = at();
    try {
      for (const name of ["mnist", "fashion-mnist"]) {
        mkdirSync(at(name));
        for (const file of files) renameSync(at(name === "mnist" ? file : `mnist/${file}`), at(`${name}/${file}`));
        expect((await loadDataset(name)).train.x.shape).toEqual([2, 1, 1, 2]);
      }
    } finally {
      if (before === undefined) delete process.env.PATHKERNEL_DATA_DIR;
      else process.env.PATHKERNEL_DATA_DIR = before;
    }
  });
});
