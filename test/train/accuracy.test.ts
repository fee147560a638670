import { describe, expect, it } from "vitest";
import { lossOf } from "../../src/losses/registry.ts";
import { integers, reals, sliceRows } from "../../src/numeric/tensor.ts";
import { accuracyOf, classesOf, predict } from "../../src/train/accuracy.ts";
import { sequenceTask } from "../helpers/sequence-task.ts";
import { smallTask } from "../helpers/tasks.ts";

const single = (loss: string) => ({ outputShape: [1], loss: lossOf(loss) });

describe("classesOf(outputs, task)", () => {
  it("is the largest of each row, the first of equal ones", () => {
    const outputs = Float64Array.of(1, 3, 2, /**/ -1, -1, -2, /**/ 0, 5, 5);
    expect(classesOf(outputs, { outputShape: [3], loss: lossOf("cross-entropy") })).toEqual(Int32Array.of(1, 0, 1));
  });

  it("is the largest at each position", () => {
    const outputs = Float64Array.of(1, 3, /**/ 5, 0, /**/ 0, 0, /**/ -1, 2);
    const task = { outputShape: [2, 2], loss: lossOf("cross-entropy") };
    expect(classesOf(outputs, task)).toEqual(Int32Array.of(1, 0, 0, 1));
  });

  it("is the sign of a single logit", () => {
    expect(classesOf(Float64Array.of(-0.1, 0, 0.1, 0.6), single("binary-cross-entropy"))).toEqual(
      Int32Array.of(0, 0, 1, 1),
    );
  });

  it("is the nearer of the targets 0 and 1 of a single output that is no logit", () => {
    expect(classesOf(Float64Array.of(-3, 0.4, 0.6, 3), single("mse"))).toEqual(Int32Array.of(0, 0, 1, 1));
  });
});

describe("predict(task, params, split)", () => {
  it("gives f(x; w) of every example, as single examples do", async () => {
    const { task, params } = await smallTask({ loss: "cross-entropy", examples: 11 });
    const { train } = task.dataset;
    const all = await predict(task, params, train);
    expect(all).toHaveLength(11 * 3);
    for (const n of [0, 7, 10]) {
      const alone = await predict(task, params, { x: sliceRows(train.x, n, n + 1) });
      expect(alone).toBeAllclose(all.subarray(3 * n, 3 * n + 3), { rtol: 1e-13, atol: 1e-14 });
    }
  });

  it("takes more examples than one run holds", async () => {
    const { task, params } = await smallTask({ examples: 3, hidden: [2] });
    const { x } = task.dataset.train;
    const count = 1024 * 2 + 1;
    const repeated = reals(
      [count, 2],
      Float64Array.from({ length: 2 * count }, (_, k) => Number(x.data[k % 6])),
    );
    const outputs = await predict(task, params, { x: repeated });
    const once = await predict(task, params, task.dataset.train);
    expect(outputs).toHaveLength(2 * count);
    for (const n of [0, 1023, 1024, count - 1])
      expect(outputs.subarray(2 * n, 2 * n + 2)).toBeAllclose(once.subarray(2 * (n % 3), 2 * (n % 3) + 2), {
        rtol: 1e-13,
        atol: 1e-14,
      });
  });

  it("gives nothing for nothing", async () => {
    const { task, params } = await smallTask();
    expect(await predict(task, params, { x: reals([0, 2], []) })).toEqual(new Float64Array(0));
  });
});

describe("accuracyOf(task, params, split)", () => {
  it("is the fraction whose class is right", async () => {
    const { task, params } = await smallTask({ loss: "cross-entropy", examples: 12 });
    const { x } = task.dataset.train;
    const classes = classesOf(await predict(task, params, { x }), task);
    const labels = Array.from(classes, (c, n) => (n < 9 ? c : (c + 1) % 3));
    expect(await accuracyOf(task, params, { x, y: integers([12], labels) })).toBe(0.75);
  });

  it("is the fraction of all positions that count", async () => {
    const { task, params } = await sequenceTask({ length: 3, classes: 4 });
    const { x } = task.dataset.test;
    const named = Array.from(classesOf(await predict(task, params, { x }), task));
    expect(named).toHaveLength(9);
    const labels = named.map((k, i) => (i < 2 ? -100 : i < 5 ? k : (k + 1) % 4));
    expect(await accuracyOf(task, params, { x, y: integers([3, 3], labels) })).toBe(3 / 7);
  });

  it("is undefined for regression, NaN without examples", async () => {
    const regression = await smallTask({ loss: "mse" });
    expect(await accuracyOf(regression.task, regression.params, regression.task.dataset.train)).toBeUndefined();
    const { task, params } = await smallTask({ loss: "cross-entropy" });
    expect(await accuracyOf(task, params, { x: reals([0, 2], []), y: integers([0], []) })).toBeNaN();
  });
});
