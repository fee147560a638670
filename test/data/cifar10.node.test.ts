import { mkdirSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import { FileError, InvalidDataError } from "../../src/errors.ts";
import { sharedData } from "../helpers/shared-data.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const PLANE = 32 * 32;

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Records whose red, green and blue planes are three bytes. */
const records = (...images: [label: number, red: number, green: number, blue: number][]) =>
  Uint8Array.from(
    images.flatMap(([label, ...planes]) => [label, ...planes.flatMap((byte) => Array(PLANE).fill(byte))]),
  );

describe("cifar10", () => {
  const { at, write } = useTemporaryFolder();
  const load = (limit?: number) => loadDataset("cifar10", { directory: at(), limit });

  test("reads planes of red, green and blue, all batches that are there in order, and no file behind the limit", async () => {
    write("data_batch_1.bin", records([9, 255, 0, 51], [3, 0, 255, 0]));
    write("data_batch_3.bin", records([0, 1, 2, 3]));
    write("test_batch.bin", records([7, 0, 0, 255]));
    const { train, test, inputShape, classes } = await load();
    expect([inputShape, train.x.shape, test.x.shape]).toEqual([
      [3, 32, 32],
      [3, 3, 32, 32],
      [1, 3, 32, 32],
    ]);
    expect([train.x.data[0], train.x.data[PLANE], train.x.data[2 * PLANE]]).toEqual([1, 0, Math.fround(0.2)]);
    expect([...train.y.data].map((k) => classes[Number(k)])).toEqual(["truck", "cat", "airplane"]);
    expect([test.y.data[0], test.x.data[3 * PLANE - 1]]).toEqual([7n, 1]);
    write("data_batch_3.bin", new Uint8Array(5));
    expect([...(await load(2)).train.y.data]).toEqual([9n, 3n]);
  });

  test("is found in the archive's own folder, and below PATHKERNEL_DATA_DIR", async () => {
    const fill = (folder: string, label: number) => {
      mkdirSync(at(folder));
      write(`${folder}/data_batch_1.bin`, records([label, 0, 0, 0]));
      write(`${folder}/test_batch.bin`, records([0, 0, 0, 0]));
    };
    fill("cifar-10-batches-bin", 2);
    expect((await load()).train.y.data[0]).toBe(2n);
    fill("cifar10", 1);
    vi.stubEnv("PATHKERNEL_DATA_DIR", at());
    expect((await loadDataset("cifar10")).train.y.data[0]).toBe(1n);
  });

  test("is refused with one line where files are missing, cut off, empty or of a label that there is not", async () => {
    vi.stubEnv("PATHKERNEL_DATA_DIR", "");
    await expect(load()).rejects.toThrow(`cifar10 must be in ${at()}, got no data_batch_1.bin there: unpack`);
    await expect(loadDataset("cifar10")).rejects.toThrow(
      "cifar10 must be in a folder that is given, got no data_batch_1.bin",
    );
    write("data_batch_1.bin", records([1, 0, 0, 0]));
    await expect(load()).rejects.toThrow(FileError);
    await expect(load()).rejects.toThrow(`cifar10 must have test_batch.bin in ${at()}, got none`);
    write("test_batch.bin", records([1, 0, 0, 0]).subarray(0, 3000));
    await expect(load()).rejects.toThrow(
      `${at("test_batch.bin")}: must be whole records of 3073 bytes (a label and 3072 of pixels), got 3000 bytes`,
    );
    write("test_batch.bin", new Uint8Array(0));
    await expect(load()).rejects.toThrow("got 0 bytes");
    write("test_batch.bin", records([1, 0, 0, 0], [10, 0, 0, 0]));
    await expect(load()).rejects.toThrow(
      new InvalidDataError(`${at("test_batch.bin")}: labels must be 0 to 9, got 10 in record 1`),
    );
  });
});

test("the pictures that the shared folder has are of all ten classes, in colours", async ({ skip }) => {
  const directory = sharedData("cifar10");
  if (directory === undefined) return skip("no cifar10 in PATHKERNEL_DATA_DIR or ../shared/data");
  const { train } = await loadDataset("cifar10", { directory, limit: 500 });
  expect(new Set(Array.from(train.y.data, Number)).size).toBe(10);
  // Krizhevsky's training images have means 0.491, 0.482, 0.447 of red, green, blue; 500 of them are near that.
  const means = [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let n = 0; n < 500; n++) for (let k = 0; k < PLANE; k++) sum += train.x.data[(3 * n + channel) * PLANE + k];
    return sum / (500 * PLANE);
  });
  for (const [channel, mean] of [0.491, 0.482, 0.447].entries())
    expect(Math.abs(means[channel] - mean)).toBeLessThan(0.03);
});
