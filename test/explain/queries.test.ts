import { describe, expect, it } from "vitest";
import { datasetQueries, inputQueries } from "../../src/explain/queries.ts";
import { integers, reals, sliceRows, tensor, toReal } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { smallTask } from "../helpers/tasks.ts";

const { task } = await smallTask({ loss: "cross-entropy", examples: 9, queries: 6 });
const { task: regression } = await smallTask({ loss: "mse", examples: 9, queries: 6 });
const { task: images } = await smallTask({ loss: "cross-entropy", model: "cnn" });
const ids = (spec: string) => datasetQueries(task, spec).map(({ id }) => id);

describe("datasetQueries(task, spec)", () => {
  it.each([
    ["test:3", ["test:3"]],
    ["train:8", ["train:8"]],
    ["test:1,0,1", ["test:1", "test:0", "test:1"]],
    ["test:0-2,5", ["test:0", "test:1", "test:2", "test:5"]],
    ["test:5-5", ["test:5"]],
    ["test:1;train:2,3", ["test:1", "train:2", "train:3"]],
    [" test:1 ; train: 2 , 3 ", ["test:1", "train:2", "train:3"]],
  ])("%j", (spec, wanted) => {
    expect(ids(spec)).toEqual(wanted);
  });

  it("have their example as one row, and its target as the loss reads it", () => {
    const { train } = task.dataset;
    const [query] = datasetQueries(task, "train:4");
    expect(query.x).toEqual(sliceRows(train.x, 4, 5));
    expect(query.target).toEqual(integers([1], [Number(train.y.data[4])]));
    const [{ target }] = datasetQueries(regression, "test:2");
    expect(target).toEqual(sliceRows(regression.dataset.test.y, 2, 3));
  });

  it.each([
    ["3", 'query must be written test:INDICES or train:INDICES, got "3"'],
    ["", 'query must be written test:INDICES or train:INDICES, got ""'],
    ["valid:3", 'query must be written test:INDICES or train:INDICES, got "valid:3"'],
    ["test:", 'query must be written test:INDICES or train:INDICES, got "test:"'],
    ["test:1:2", 'query must be written test:INDICES or train:INDICES, got "test:1:2"'],
    ["test:1;", 'query must be written test:INDICES or train:INDICES, got ""'],
    ["test:x", 'query test:x: indices must be written like 7,12 or 0-19, got "x"'],
    ["test:-1", 'query test:-1: indices must be written like 7,12 or 0-19, got "-1"'],
    ["test:1.5", 'query test:1.5: indices must be written like 7,12 or 0-19, got "1.5"'],
    ["test:1,", 'query test:1,: indices must be written like 7,12 or 0-19, got ""'],
    ["test:4-2", "query test:4-2: a range must go upwards, got 4-2"],
    ["test:6", "query test:6: the index must lie in 0..5, got 6"],
    ["test:0-9", "query test:0-9: the index must lie in 0..5, got 9"],
    ["train:9", "query train:9: the index must lie in 0..8, got 9"],
  ])("refuses %j", async (spec, message) => {
    expect(await errorOf(() => ids(spec))).toBe(`RangeError: ${message}`);
  });

  it("refuses a part that the data do not have", async () => {
    const test = { x: reals([0, 2], []), y: integers([0], []) };
    const without = { ...task, dataset: { ...task.dataset, test } };
    expect(await errorOf(() => datasetQueries(without, "test:0"))).toBe(
      "RangeError: query test:0: small has no test part",
    );
  });
});

const named = { name: "q.npy" };

describe("inputQueries(task, x, options)", () => {
  it("scales bytes as the data's own were", () => {
    const scaled = { ...task, dataset: { ...task.dataset, byteScale: 16 } };
    const [{ x }] = inputQueries(scaled, tensor("uint8", [1, 2], Uint8Array.of(4, 16)), { name: "u.npy" });
    expect(Array.from(x.data, Number)).toEqual([0.25, 1]);
    const [{ x: plain }] = inputQueries(task, tensor("uint8", [1, 2], Uint8Array.of(4, 16)), { name: "u.npy" });
    expect(Array.from(plain.data, Number)).toEqual([4, 16]);
  });

  it("refuses an array without an example", async () => {
    const none = reals([0, 2], []);
    expect(await errorOf(() => inputQueries(task, none, { name: "none.npy" }))).toBe(
      "InvalidDataError: none.npy must hold an example, got shape [0,2]",
    );
  });

  it("take one example, or several", () => {
    const one = inputQueries(task, reals([2], [1, 2]), named);
    expect(one).toEqual([{ id: "input:0", x: reals([1, 2], [1, 2]), target: undefined }]);
    const two = inputQueries(task, reals([2, 2], [1, 2, 3, 4]), named);
    expect(two.map(({ id, x }) => [id, x])).toEqual([
      ["input:0", reals([1, 2], [1, 2])],
      ["input:1", reals([1, 2], [3, 4])],
    ]);
    expect(inputQueries(images, reals([1, 6, 6], new Float64Array(36)), named)[0].x.shape).toEqual([1, 1, 6, 6]);
  });

  it("read numbers of any dtype in that of the run", async () => {
    const { task: float32 } = await smallTask({ loss: "cross-entropy", dtype: "float32" });
    expect(inputQueries(float32, integers([2], [1, 2]), named)[0].x).toEqual(toReal(reals([1, 2], [1, 2]), "float32"));
    expect(inputQueries(task, tensor("uint8", [2], Uint8Array.of(1, 2)), named)[0].x).toEqual(reals([1, 2], [1, 2]));
  });

  it("give every query the target: a class, or numbers", () => {
    const classes = inputQueries(task, reals([2, 2], [1, 2, 3, 4]), { ...named, target: "2" });
    expect(classes.map(({ target }) => target)).toEqual([integers([1], [2]), integers([1], [2])]);
    const [numbers] = inputQueries(regression, reals([2], [1, 2]), { ...named, target: "0.5, -3" });
    expect(numbers.target).toEqual(reals([1, 2], [0.5, -3]));
  });

  it.each([[[3]], [[2, 3]], [[1, 1, 2]], [[]]])("refuse the shape %j", async (shape) => {
    const x = reals(shape, new Float64Array(shape.reduce((size, axis) => size * axis, 1)));
    expect(await errorOf(() => inputQueries(task, x, named))).toBe(
      `InvalidDataError: q.npy must have shape [2] or [n, 2], got [${shape}]`,
    );
  });

  it.each([Number.NaN, Infinity])("refuse %s", async (bad) => {
    expect(await errorOf(() => inputQueries(task, reals([2, 2], [1, 2, bad, 4]), named))).toBe(
      `InvalidDataError: q.npy must hold finite numbers, got ${bad} at element 2`,
    );
  });

  it.each(["3", "-1", "1.5", "one", "", "0,1"])("refuse the class %j of three", async (target) => {
    expect(await errorOf(() => inputQueries(task, reals([2], [1, 2]), { ...named, target }))).toBe(
      `RangeError: target must be a class index in 0..2, got "${target}"`,
    );
  });

  it.each(["1", "1,2,3", "1,x", "1,", "1,Infinity"])(
    "refuse the numbers %j where two are asked for",
    async (target) => {
      expect(await errorOf(() => inputQueries(regression, reals([2], [1, 2]), { ...named, target }))).toBe(
        `RangeError: target must be 2 numbers separated by commas, got "${target}"`,
      );
    },
  );
});
