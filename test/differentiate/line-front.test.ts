// Graphs along a line of parameters against their rests, fed with what the front computes once for the line.

import { describe, expect, it } from "vitest";
import { LINE, LineFront } from "../../src/differentiate/line-front.ts";
import type { Feeds } from "../../src/engine/engine.ts";
import { DELTA, POSITION, type ReadoutGraphs, ROW, readoutGraphs } from "../../src/explain/graphs.ts";
import { taskReadout } from "../../src/explain/prepare.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { rowsOf } from "../../src/explain/rows.ts";
import { flopsOf } from "../../src/graph/cost.ts";
import type { Graph } from "../../src/graph/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { trainableOf } from "../../src/train/task.ts";
import { sequenceTask } from "../helpers/sequence-task.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { type SmallTask, smallTask } from "../helpers/tasks.ts";
import { tiedWeightsTask } from "../helpers/tied-weights.ts";

const ROWS = 3;

/** The graphs of a readout with what they are fed on a line that moves every parameter. */
async function lineOf({ task, params }: SmallTask) {
  const from = trainableOf(task, params, "float64");
  const random = randomFrom(3, "line");
  const delta = Float64Array.from(from, () => random.normal());
  const readout = taskReadout(task, undefined);
  const { head, exampleInputs } = task.split;
  const graphs = readoutGraphs({ head, exampleInputs, readout, targetType: task.loss.target, layout: task.layout });
  const { feeds } = await rowsOf(task, datasetQueries(task, `test:0-${ROWS - 1}`), { readout, params: from });
  const weights = { "node.weights": reals([ROWS], [1, -2, 0.5]) };
  const fixed = {
    ...task.frozen,
    ...viewsOf(task.layout, from),
    ...viewsOf(task.layout, delta, DELTA),
    ...feeds,
    ...weights,
  };
  const directions = new Map(task.layout.entries.map(({ name }) => [name, DELTA + name]));
  const still = new Set([ROW, ...head.inputs.filter((name) => !directions.has(name))]);
  const front = (most = 1000): LineFront => new LineFront({ position: POSITION, directions, still, most });
  const run = (graph: Graph, own: Feeds = {}) => task.engine.compile(graph).run({ ...fixed, ...own });
  return { graphs, front, run };
}

const along = (graphs: ReadoutGraphs): Graph[] =>
  [graphs.slope, graphs.jacobian, graphs.switches].filter((graph) => graph !== undefined);

describe("LineFront.split(graph)", () => {
  it.each<[string, () => Promise<SmallTask>]>([
    ["perceptron", () => smallTask({ model: "relu", loss: "cross-entropy" })],
    ["linear model", () => smallTask({ hidden: [] })],
    ["convolutional network", () => smallTask({ model: "cnn" })],
    ["network with frozen layers", () => smallTask({ trainable: ["layers.1.weight", "layers.2.bias"] })],
    ["language model with tied embeddings", () => sequenceTask()],
    ["network with a weight that is used twice", () => tiedWeightsTask()],
  ])("gives what the graph gives anywhere along the line: %s", async (_name, make) => {
    const { graphs, front, run } = await lineOf(await make());
    const one = front();
    const rests = along(graphs).map((graph) => one.split(graph));
    const line = await run(one.graph!);
    for (const [k, graph] of along(graphs).entries()) {
      expect(rests[k]).not.toBe(graph);
      expect(flopsOf(rests[k], 1)).toBeLessThan(flopsOf(graph, 1));
      for (const t of [0, 0.3, 1]) {
        const at = { [POSITION]: reals([], [t]) };
        const [rest, whole] = [await run(rests[k], { ...at, ...line }), await run(graph, at)];
        for (const name of graph.outputs)
          expect(rest[name].data as Float64Array).toBeAllclose(whole[name].data as Float64Array, {
            rtol: 1e-11,
            atol: 1e-12,
          });
      }
    }
  });

  it("gives what a graph of w alone gives, and computes once what several graphs have in common", async () => {
    const { graphs, front, run } = await lineOf(await smallTask({ model: "relu" }));
    const one = front();
    const [value, slope] = [one.split(graphs.value), one.split(graphs.slope)];
    const lines = (graph: Graph): string[] => graph.inputs.filter((name) => name.startsWith(LINE));
    // The value itself; x w + b and its slope.
    expect([lines(value).length, lines(slope).length]).toEqual([1, 2]);
    expect((await run(value, await run(one.graph!))).value.data).toEqual((await run(graphs.value)).value.data);
    expect(one.split(value)).toBe(value);
    // The other graphs need nothing else.
    for (const graph of along(graphs)) one.split(graph);
    expect(one.graph!.outputs).toHaveLength(3);
  });

  it("leaves a graph as it is where parameters bend before they meet an example, or too much would be kept", async () => {
    const bent = await lineOf(await squaredWeightsTask());
    for (const graph of along(bent.graphs)) expect(bent.front().split(graph)).toBe(graph);
    const wide = await lineOf(await smallTask({ hidden: [40, 3] }));
    const small = wide.front(39);
    for (const graph of along(wide.graphs)) expect(small.split(graph)).toBe(graph);
    expect(small.graph).toBeUndefined();
    expect(wide.front(40).split(wide.graphs.slope)).not.toBe(wide.graphs.slope);
  });
});
