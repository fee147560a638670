import { describe, expect, it } from "vitest";
import { ROW } from "../../src/explain/graphs.ts";
import { taskReadout } from "../../src/explain/prepare.ts";
import { datasetQueries, inputQueries } from "../../src/explain/queries.ts";
import { outputsOf, queryFeeds, rowsOf } from "../../src/explain/rows.ts";
import { integers, type RealArray, reals, takeRows, toReal } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import { trainableOf } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function made(options: SmallTaskOptions, spec: string, readout?: string) {
  const { task, params } = await smallTask(options);
  const flat = trainableOf(task, params, task.engine.dtype);
  const queries = datasetQueries(task, spec);
  const rows = await rowsOf(task, queries, { readout: taskReadout(task, readout), params: flat });
  return { task, params: flat, queries, rows };
}

describe("queryFeeds(task, queries) and outputsOf(task, params, feeds)", () => {
  it("stack queries in order, in the run's dtype", async () => {
    const { task, queries } = await made({ dtype: "float32" }, "test:4,1");
    expect(await queryFeeds(task, queries)).toEqual({ x: toReal(takeRows(task.dataset.test.x, [4, 1]), "float32") });
  });

  it("give what the model gives for these examples", async () => {
    const { task, params, queries } = await made({ loss: "cross-entropy" }, "train:3,7");
    const y = await outputsOf(task, params, await queryFeeds(task, queries));
    const all = await predict(task, params, task.dataset.train);
    expect(y.shape).toEqual([2, 3]);
    expect(y.data as RealArray).toBeAllclose([...all.slice(9, 12), ...all.slice(21, 24)], { rtol: 1e-13 });
  });

  it("feed the head with features where a part is frozen", async () => {
    const { task, queries } = await made({ trainable: ["layers.2.bias"] }, "test:0");
    expect(Object.keys(await queryFeeds(task, queries))).toEqual(task.split.exampleInputs);
    expect(task.split.exampleInputs).not.toEqual(["x"]);
  });
});

describe("rowsOf(task, queries, options)", () => {
  it("fixes the classes of each row by the outputs at the parameters given", async () => {
    const { task, params, queries, rows } = await made({ loss: "cross-entropy" }, "test:0-5");
    const y = await outputsOf(task, params, await queryFeeds(task, queries));
    const wanted = queries.map((query, k) => {
      const row = Array.from((y.data as RealArray).slice(3 * k, 3 * k + 3));
      const order = [0, 1, 2].sort((a, b) => row[b] - row[a]);
      return { query: query.id, readout: `margin:${order[0]}-${order[1]}` };
    });
    expect(rows.labels).toEqual(wanted);
    const coefficients = wanted.flatMap(({ readout }) => {
      const [a, b] = readout.slice(7).split("-").map(Number);
      return [0, 1, 2].map((c) => (c === a ? 1 : c === b ? -1 : 0));
    });
    expect(rows.feeds[ROW]).toEqual(reals([6, 3], coefficients));
    expect(rows.feeds.x).toEqual(task.dataset.test.x);
  });

  it("feeds targets to the loss readout, as the loss reads them", async () => {
    const classes = await made({ loss: "cross-entropy" }, "train:2,0", "loss");
    expect(classes.rows.labels).toEqual([
      { query: "train:2", readout: "loss" },
      { query: "train:0", readout: "loss" },
    ]);
    const labels = classes.task.dataset.train.y.data;
    expect(classes.rows.feeds[ROW]).toEqual(integers([2], [Number(labels[2]), Number(labels[0])]));
    const numbers = await made({ loss: "mse", dtype: "float32" }, "train:2", "loss");
    const target = takeRows(numbers.task.dataset.train.y, [2]);
    expect(numbers.rows.feeds[ROW]).toEqual(toReal(target, "float32"));
  });

  it("says which query lacks a target that the readout needs", async () => {
    const { task, params } = await made({ loss: "mse" }, "test:0");
    const queries = [...datasetQueries(task, "test:0"), ...inputQueries(task, reals([2], [1, 2]), { name: "q" })];
    const readout = taskReadout(task, "loss");
    expect(await errorOf(() => rowsOf(task, queries, { readout, params }))).toBe(
      "RangeError: readout loss: query input:0 needs a target; give one with --target",
    );
  });
});
