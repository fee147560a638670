import { expect, test } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";

test("digits are scikit-learn's 1797, the first 1437 for training, with UCI's class counts", async () => {
  const { train, test, inputShape, classes, source } = await loadDataset("digits");
  expect([source, inputShape, classes.length]).toEqual(["digits", [1, 8, 8], 10]);
  expect([train.x.shape, test.x.shape]).toEqual([
    [1437, 1, 8, 8],
    [360, 1, 8, 8],
  ]);
  const counts = Array<number>(10).fill(0);
  for (const label of [...train.y.data, ...test.y.data]) counts[Number(label)]++;
  expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]); // optdigits.names, "testing set"
  // The first example in scikit-learn's documentation: rows "0 0 5 13 9 1 0 0" and "0 0 13 15 10 15 5 0", a zero.
  expect([...train.x.data.subarray(0, 16)].map((value) => value * 16)).toEqual([
    0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0,
  ]);
  expect(train.y.data[0]).toBe(0n);
  expect([Math.min(...train.x.data), Math.max(...train.x.data)]).toEqual([0, 1]);
  // Mean pixel 4.884 of 16 (load_digits().data.mean() = 4.884164579855314).
  const all = [...train.x.data, ...test.x.data];
  expect((16 * all.reduce((sum, value) => sum + value)) / all.length).toBeAllclose(4.884164579855314, { rtol: 1e-14 });
});

test("digits hash to one value on every machine, and to another with a limit", async () => {
  const whole = await loadDataset("digits");
  expect(whole.sha256).toBe("60bb6b4a3c1c62e282ff63be3eab39ac9485ff357e6c5d0650ba8007f74208c3");
  expect((await loadDataset("digits", { limit: 2000 })).sha256).toBe(whole.sha256);
  const few = await loadDataset("digits", { limit: 10 });
  expect(few.train.x.data).toEqual(whole.train.x.data.slice(0, 640));
  expect(few.sha256).not.toBe(whole.sha256);
});
