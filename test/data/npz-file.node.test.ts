import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import type { LoadOptions } from "../../src/data/types.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { integers, reals, type Tensor, tensor } from "../../src/numeric/tensor.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const { at, write } = useTemporaryFolder();

const x = reals([3, 2], [1, 2, 3, 4, 5, 6]);
const y = integers([3], [0, 1, 2]);

const load = (arrays: Record<string, Tensor>, options: LoadOptions = {}) =>
  loadDataset(write("d.npz", encodeNpz(arrays)), options);

async function refusal(arrays: Record<string, Tensor>): Promise<string> {
  const error: unknown = await load(arrays).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidDataError);
  const { message } = error as Error;
  expect(message.startsWith(`${at("d.npz")}: `)).toBe(true);
  return message.slice(at("d.npz").length + 2);
}

describe("an NPZ file", () => {
  test("with integer targets is classification; x stays what it is; no test part is zero rows", async () => {
    const data = await load({ x_train: x, y_train: y });
    expect(data).toMatchObject({
      source: at("d.npz"),
      task: "classification",
      classes: ["0", "1", "2"],
      inputShape: [2],
    });
    expect(data.train).toEqual({ x, y });
    expect(data.test).toEqual({ x: reals([0, 2], []), y: integers([0], []) });
  });

  test("with real targets is regression, (n) becoming (n, 1)", async () => {
    const single = { x_train: x, y_train: reals([3], [0, 1, 2]), x_test: x, y_test: reals([3, 1], [1, 2, 3]) };
    const data = await load(single);
    expect(data).toMatchObject({ task: "regression", classes: [] });
    expect(data.train.y).toEqual(reals([3, 1], [0, 1, 2]));
    expect(data.test.y).toEqual(reals([3, 1], [1, 2, 3]));
    const pairs = reals([3, 2], [0, 1, 2, 3, 4, 5]);
    expect((await load({ x_train: x, y_train: pairs })).train.y).toEqual(pairs);
  });

  test("with bytes for x scales them by 1/255, and makes other integers and flags float64", async () => {
    const bytes = tensor("uint8", [3, 1, 1], Uint8Array.of(0, 51, 255));
    expect((await load({ x_train: bytes, y_train: y })).train.x).toEqual(
      tensor("float32", [3, 1, 1], Float32Array.of(0, 0.2, 1)),
    );
    expect((await load({ x_train: integers([3, 1], [-5, 0, 2 ** 40]), y_train: y })).train.x).toEqual(
      reals([3, 1], [-5, 0, 2 ** 40]),
    );
    const flags = tensor("bool", [3], Uint8Array.of(1, 0, 1));
    const data = await load({ x_train: flags, y_train: flags });
    expect(data.train.x).toEqual(reals([3, 1], [1, 0, 1]));
    expect(data.train.y).toEqual(integers([3], [1, 0, 1]));
  });

  test("has as many classes as are known to be, where some occur in no example", async () => {
    const gaps = integers([3], [0, 4, 4]);
    expect((await load({ x_train: x, y_train: gaps }, { classes: 6 })).classes).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect((await load({ x_train: x, y_train: reals([3], [0, 1, 2]) }, { classes: 6 })).classes).toEqual([]);
  });

  test("with integer targets of two axes has a label for each position, -100 where it does not count", async () => {
    const labels = integers([3, 2], [0, 4, -100, 2, 1, 1]);
    const data = await load({ x_train: x, y_train: labels });
    expect(data).toMatchObject({ task: "classification", classes: ["0", "1", "2", "3", "4"], inputShape: [2] });
    expect(data.train.y).toEqual(labels);
    expect(data.test.y).toEqual(integers([0, 2], []));
  });

  test("counts the classes of positions over both parts, and over inputs that are tokens", async () => {
    const labels = integers([3, 2], [0, 4, -100, 2, 1, 1]);
    const own = integers([3, 2], [0, 1, 2, 6, 1, 0]);
    const test = { x_test: integers([1, 2], [7, 0]), y_test: integers([1, 2], [0, 5]) };
    const count = async (arrays: Record<string, Tensor>) => (await load(arrays)).classes.length;
    expect(await count({ x_train: own, y_train: labels })).toBe(7);
    expect(await count({ x_train: own, y_train: labels, ...test })).toBe(8);
    expect(await count({ x_train: x, y_train: labels, ...test, x_test: reals([1, 2], [7, 0]) })).toBe(6);
    // Numbers of another shape than their labels are no tokens of them.
    expect(await count({ x_train: integers([3, 1], [9, 9, 9]), y_train: labels })).toBe(5);
  });

  test("with real targets of three axes is regression at positions", async () => {
    const targets = reals(
      [3, 2, 2],
      Float64Array.from({ length: 12 }, (_, k) => k),
    );
    expect((await load({ x_train: x, y_train: targets })).train.y).toEqual(targets);
  });

  test("is refused where labels of positions are no classes", async () => {
    expect(await refusal({ x_train: x, y_train: integers([3, 2], [0, 1, -1, 2, 1, 1]) })).toBe(
      "y_train[1, 0] must be 0 or more, or -100, got -1",
    );
    expect(await refusal({ x_train: x, y_train: integers([3, 2], [0, 1, 1, 2 ** 30, 1, 1]) })).toBe(
      "y_train[1, 1] must be below 1048576, got 1073741824",
    );
    expect(await refusal({ x_train: x, y_train: integers([3, 2], new Array(6).fill(-100)) })).toBe(
      "y_train must hold a label, got -100 at every position",
    );
    const other = { x_test: x, y_test: integers([3, 3], [0, 1, 2, 0, 1, 2, 0, 1, 2]) };
    expect(await refusal({ x_train: x, y_train: integers([3, 2], [0, 1, 2, 2, 1, 1]), ...other })).toBe(
      "y_test must have targets of shape (2,) as y_train, got (3,)",
    );
  });

  test("with a limit keeps the first training examples, the classes and the test part", async () => {
    const all = { x_train: x, y_train: y, x_test: x, y_test: y };
    const data = await load(all, { limit: 2 });
    expect(data.train).toEqual({ x: reals([2, 2], [1, 2, 3, 4]), y: integers([2], [0, 1]) });
    expect([data.classes.length, data.test.x.shape[0]]).toEqual([3, 3]);
    expect((await load(all, { limit: 99 })).train.x.shape).toEqual([3, 2]);
  });

  test("is refused where numbers are not finite, naming the array and the first bad index", async () => {
    const bad = reals([3, 2], [1, 2, 3, Number.NaN, Number.NaN, 6]);
    expect(await refusal({ x_train: bad, y_train: y })).toBe("x_train[1, 1] must be finite, got NaN");
    const infinite = tensor("float32", [3], Float32Array.of(0, 1, Number.NEGATIVE_INFINITY));
    expect(await refusal({ x_train: x, y_train: infinite })).toBe("y_train[2] must be finite, got -Infinity");
    expect(await refusal({ x_train: x, y_train: y, x_test: bad, y_test: y })).toContain("x_test[1, 1] must be finite");
  });

  test("is refused where labels are negative, leave gaps, or are new in the test part", async () => {
    expect(await refusal({ x_train: x, y_train: integers([3], [0, -1, 2]) })).toBe(
      "y_train[1] must be 0 or more, got -1",
    );
    expect(await refusal({ x_train: x, y_train: integers([3], [0, 1, 255]) })).toBe(
      "y_train must hold each class from 0 to 255, got none of class 2",
    );
    expect(await refusal({ x_train: x, y_train: y, x_test: x, y_test: integers([3], [0, 1, 3]) })).toBe(
      "y_test[2] must be below 3, the classes of y_train, got 3",
    );
  });

  test.each<[string, Record<string, Tensor>, string]>([
    ["no y_train", { x_train: x }, "must hold x_train and y_train, or these and x_test and y_test, got x_train"],
    ["no y_test", { x_train: x, y_train: y, x_test: x }, "got x_train, y_train, x_test"],
    ["other arrays", { data: x }, "got none of these"],
    [
      "fewer targets",
      { x_train: x, y_train: integers([2], [0, 1]) },
      "y_train must have 3 rows, as its inputs have, got shape (2,)",
    ],
    ["a scalar", { x_train: reals([], [1]), y_train: y }, "x_train must have the shape (examples, ...), got ()"],
    [
      "no features",
      { x_train: reals([3, 0], []), y_train: y },
      "x_train must have the shape (examples, ...), got (3, 0)",
    ],
    [
      "no examples",
      { x_train: reals([0, 2], []), y_train: integers([0], []) },
      "x_train must have at least one example",
    ],
    [
      "a column of labels",
      { x_train: x, y_train: integers([3, 1], [0, 1, 2]) },
      "y_train must hold class indices, got int64 of shape (3, 1); class labels are (n) integers",
    ],
    [
      "one-hot integers",
      { x_train: x, y_train: integers([3, 2], [0, 1, 1, 0, 0, 1]) },
      "y_train must hold class indices, got one-hot rows of shape (3, 2); class labels are (n) integers",
    ],
    [
      "targets without numbers",
      { x_train: x, y_train: reals([3, 2, 0], []) },
      "y_train must have shape (n) or (n, outputs), got (3, 2, 0)",
    ],
    [
      "other features",
      { x_train: x, y_train: y, x_test: reals([3, 1], [1, 2, 3]), y_test: y },
      "examples of shape (2,) as x_train, got (1,)",
    ],
    [
      "another x dtype",
      { x_train: x, y_train: y, x_test: integers([3, 2], [1, 2, 3, 4, 5, 6]), y_test: y },
      "x_test must be float64 as x_train",
    ],
    [
      "another task",
      { x_train: x, y_train: y, x_test: x, y_test: reals([3], [0, 1, 2]) },
      "y_test must be int64 as y_train, got float64",
    ],
    [
      "other outputs",
      { x_train: x, y_train: reals([3], [0, 1, 2]), x_test: x, y_test: reals([3, 2], [1, 2, 3, 4, 5, 6]) },
      "y_test must have targets of shape (1,) as y_train, got (2,)",
    ],
  ])("with %s is refused", async (_, arrays, message) => {
    expect(await refusal(arrays)).toContain(message);
  });

  test("that is truncated is refused", async () => {
    const whole = encodeNpz({ x_train: x, y_train: y });
    for (const length of [0, 10, 100, whole.length - 1]) {
      await expect(loadDataset(write("cut.npz", whole.subarray(0, length)))).rejects.toThrow(InvalidDataError);
    }
  });
});

describe("a folder of NPY files", () => {
  const folder = (arrays: Record<string, Tensor>) => {
    for (const [name, array] of Object.entries(arrays)) write(`${name}.npy`, encodeNpy(array));
    return loadDataset(at());
  };

  test("is the same data as an NPZ file of them, whatever the training part is called", async () => {
    const wanted = await load({ x_train: x, y_train: y, x_test: x, y_test: y });
    const own = { ...wanted, source: at() };
    expect(await folder({ x, y, x_test: x, y_test: y })).toEqual(own);
    expect(await folder({ x_train: x, y_train: y })).toEqual(own);
  });

  test("is refused as an NPZ file is", async () => {
    await expect(folder({ x })).rejects.toThrow(`${at()}: must hold x_train and y_train`);
    write("y.npy", "text");
    await expect(loadDataset(at())).rejects.toThrow(`${at("y.npy")}: an NPY file must begin with`);
  });
});
