// A step's straight line as the rows see it, against values of the model at points of that line.

import { describe, expect, it } from "vitest";
import { type ReadoutGraphs, readoutGraphs } from "../../src/explain/graphs.ts";
import { taskReadout } from "../../src/explain/prepare.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { rowsOf } from "../../src/explain/rows.ts";
import { RowEvaluator } from "../../src/explain/segment.ts";
import { dot } from "../../src/numeric/sum.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import { type Task, trainableOf } from "../../src/train/task.ts";
import { rowsFromBlocks } from "../helpers/row-blocks.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { type SmallTask, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

const ROWS = 4;

interface Line {
  readonly task: Task;
  readonly graphs: ReadoutGraphs;
  readonly evaluator: RowEvaluator;
  readonly from: RealArray;
  readonly to: RealArray;
  /** The readout of every row at w_s + t (w_{s+1} - w_s). */
  at(t: number): Promise<Float64Array>;
}

/** Four test queries of output 0 on a line that moves every parameter by about a tenth. */
async function lineOf({ task, params }: SmallTask): Promise<Line> {
  const from = trainableOf(task, params, task.engine.dtype);
  const to = from.map((w: number, k: number) => w + 0.1 * Math.cos(3 * k)) as RealArray;
  const readout = taskReadout(task, "output:0");
  const rows = await rowsOf(task, datasetQueries(task, `test:0-${ROWS - 1}`), { readout, params: from });
  const { head, exampleInputs } = task.split;
  const graphs = readoutGraphs({ head, exampleInputs, readout, targetType: task.loss.target, layout: task.layout });
  const evaluator = new RowEvaluator(task, graphs, { count: ROWS, feeds: rows.feeds });
  evaluator.enter(from, to);
  const at = async (t: number): Promise<Float64Array> => {
    const w = from.map((start: number, k: number) => start + t * (to[k] - start)) as RealArray;
    const outputs = await predict(task, w, task.dataset.test);
    return Float64Array.from({ length: ROWS }, (_, r) => outputs[r * task.outputs]);
  };
  return { task, graphs, evaluator, from, to, at };
}

const cases: readonly SmallTaskOptions[] = [
  { model: "tanh" },
  { model: "relu", loss: "cross-entropy" },
  { model: "cnn" },
  { model: "tanh", trainable: ["layers.1.weight", "layers.2.bias"] },
];
const all = [0, 1, 2, 3];
/** Central differences over 2e-5: error of about 1e-10 by the third derivative and by rounding. */
const STEP = 1e-5;
const DIFFERENCE = { rtol: 1e-7, atol: 1e-8 };

describe("RowEvaluator", () => {
  it.each(cases)("gives the readout of every row at any parameters: %j", async (options) => {
    const { evaluator, from, to, at } = await lineOf(await smallTask(options));
    expect(await evaluator.values(from)).toBeAllclose(await at(0), { rtol: 1e-13, atol: 1e-14 });
    expect(await evaluator.values(to)).toBeAllclose(await at(1), { rtol: 1e-13, atol: 1e-14 });
  });

  it.each(cases)("probes value and slope along the line, for the rows asked for: %j", async (options) => {
    const { evaluator, at } = await lineOf(await smallTask(options));
    const t = 0.375;
    const [value, before, after] = [await at(t), await at(t - STEP), await at(t + STEP)];
    for (const rows of [all, [2], [3, 1]]) {
      for (const switches of [false, true]) {
        const probes = await evaluator.probe(t, rows, switches);
        expect(probes.map((probe) => probe.t)).toEqual(rows.map(() => t));
        expect(probes.map((probe) => probe.value)).toBeAllclose(
          rows.map((r) => value[r]),
          { rtol: 1e-12, atol: 1e-13 },
        );
        expect(probes.map((probe) => probe.slope)).toBeAllclose(
          rows.map((r) => (after[r] - before[r]) / (2 * STEP)),
          DIFFERENCE,
        );
      }
    }
  });

  it("probes switching functions with their slopes where there are any", async () => {
    const { evaluator } = await lineOf(await smallTask({ model: "relu" }));
    expect(evaluator.piecewise).toBe(true);
    const at = async (t: number) =>
      (await evaluator.probe(t, [1, 3], true)).map(({ switches }) => Array.from(switches));
    const probes = await evaluator.probe(0.25, [1, 3], true);
    const [before, after] = [await at(0.25 - STEP), await at(0.25 + STEP)];
    probes.forEach(({ switches, switchSlopes }, k) => {
      // One for each hidden unit: 16 and 12.
      expect(switches).toHaveLength(28);
      const slopes = after[k].map((value, m) => (value - before[k][m]) / (2 * STEP));
      expect(switchSlopes).toBeAllclose(slopes, DIFFERENCE);
    });
    expect((await evaluator.probe(0.25, [1], false))[0].switches).toHaveLength(0);
  });

  it("has none in a smooth model", async () => {
    const { evaluator } = await lineOf(await smallTask({ model: "tanh" }));
    expect(evaluator.piecewise).toBe(false);
    expect((await evaluator.probe(0.5, [0], true))[0]).toMatchObject({
      switches: { length: 0 },
      switchSlopes: { length: 0 },
    });
  });

  it.each([...cases, "squared" as const])("adds weighted Jacobians of the rows asked for: %j", async (options) => {
    const made = options === "squared" ? await squaredWeightsTask() : await smallTask(options);
    const { task, graphs, evaluator, from, to } = await lineOf(made);
    expect(graphs.perRow).toBe(options !== "squared");
    const p = task.layout.size;
    const delta = Float64Array.from(to, (w, k) => w - from[k]);
    const blocks = new Float64Array(ROWS * p).fill(1);
    const told = await evaluator.addJacobian({ t: 0.25, rows: [3, 0], weights: [2, -0.5] }, blocks);
    const sum = rowsFromBlocks(blocks, task.layout, ROWS);
    const slopes = (await evaluator.probe(0.25, all, false)).map(({ slope }) => slope);
    const ones = delta.reduce((total, d) => total + d, 0);
    const along = all.map((r) => dot(sum, delta, r * p, 0, p) - ones);
    expect(along).toBeAllclose([-0.5 * slopes[0], 0, 0, 2 * slopes[3]], { rtol: 1e-11, atol: 1e-12 });
    expect(told).toBeAllclose([2 * slopes[3], -0.5 * slopes[0]], { rtol: 1e-11, atol: 1e-12 });
    expect(sum.subarray(p, 3 * p).every((value) => value === 1)).toBe(true);
  });

  it.each([...cases, "squared" as const])(
    "writes the first ones over what was there, all rows or some: %j",
    async (options) => {
      const made = options === "squared" ? await squaredWeightsTask() : await smallTask(options);
      const { task, evaluator } = await lineOf(made);
      for (const rows of [all, [3, 0], [3, 2, 1, 0]]) {
        const node = { t: 0.25, rows, weights: rows.map((row) => row + 1) };
        const [added, written] = [
          new Float64Array(ROWS * task.layout.size),
          new Float64Array(ROWS * task.layout.size).fill(7),
        ];
        const slopes = await evaluator.addJacobian(node, added);
        expect(await evaluator.addJacobian(node, written, true)).toEqual(slopes);
        expect(written).toBeAllclose(added, { atol: 0, rtol: 0 });
      }
    },
  );

  it("takes Jacobians that do not fit one run in several", async () => {
    // 8 MiB hold 6 rows of these 1.3 MB; seven rows are asked for.
    const { task, evaluator } = await lineOf(await smallTask({ hidden: [2 ** 15], outputs: 2 }));
    const p = task.layout.size;
    const rows = [0, 1, 2, 3, 0, 1, 2];
    const [together, apart] = [new Float64Array(ROWS * p), new Float64Array(ROWS * p)];
    await evaluator.addJacobian({ t: 0.5, rows, weights: rows.map((_, k) => k + 1) }, together);
    for (const [k, row] of rows.entries())
      await evaluator.addJacobian({ t: 0.5, rows: [row], weights: [k + 1] }, apart);
    expect(Math.ceil((8 * p * rows.length) / 2 ** 23)).toBeGreaterThan(1);
    expect(together).toBeAllclose(apart, { rtol: 1e-12, atol: 1e-12 });
  });

  it("moves with the segment that it is told to enter", async () => {
    const { evaluator, from, to, at } = await lineOf(await smallTask());
    evaluator.enter(to, from);
    const [probe] = await evaluator.probe(0.25, [2], false);
    expect(probe.value).toBeAllclose((await at(0.75))[2], { rtol: 1e-12 });
    evaluator.enter(from, from);
    expect((await evaluator.probe(0.9, all, false)).map(({ slope }) => slope + 0)).toEqual([0, 0, 0, 0]);
  });
});
