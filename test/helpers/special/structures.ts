// Examples that are no vectors (001-09): a sequence, a graph with its adjacency, a set, through one model each.

import { explain } from "../../../src/explain/explain.ts";
import { inputQueries } from "../../../src/explain/queries.ts";
import type { Explanation } from "../../../src/explain/types.ts";
import { writeOnnx } from "../../../src/graph/onnx/writer.ts";
import { add, matmul, mul, reduceSum, slice, transpose } from "../../../src/graph/ops.ts";
import { lossOf } from "../../../src/losses/registry.ts";
import { modelFromOnnx } from "../../../src/models/onnx-file.ts";
import { createModel } from "../../../src/models/registry.ts";
import type { Model } from "../../../src/models/types.ts";
import { viewsOf } from "../../../src/numeric/layout.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import { integers, reals, type Tensor } from "../../../src/numeric/tensor.ts";
import { shuffledBatches } from "../../../src/train/batches.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { largest } from "../kernels.ts";
import { builtModel, modelTask, normals, relative } from "../model-task.ts";
import { startOf } from "../tasks.ts";

const NODES = 4;
const FEATURES = 2;
const MEMBERS = 5;

/** Two rounds of messages over (N, V, V + F), the adjacency beside the features of the nodes, and the sum over nodes. */
export function graphModel(): Model {
  return builtModel("graph network", [NODES, NODES + FEATURES], (b, x) => {
    const adjacency = slice(b, x, 2, { start: 0, end: NODES });
    let h = slice(b, x, 2, { start: NODES, end: NODES + FEATURES });
    for (const [k, width] of [6, 5].entries()) {
      const weight = b.input(`rounds.${k}.weight`, "real", [width, k === 0 ? FEATURES : 6]);
      const own = matmul(b, h, transpose(b, weight, [1, 0]));
      h = b.op("Tanh", [add(b, own, matmul(b, adjacency, own))]);
    }
    const pooled = mul(b, reduceSum(b, h, [1]), 1 / NODES);
    return b.op("Gemm", [pooled, b.input("out.weight", "real", [2, 5]), b.input("out.bias", "real", [2])], {
      transB: 1,
    });
  });
}

/** Deep sets (Zaheer et al. 2017): a layer for each member of (N, M, F), the sum of all, and a layer. */
export function setModel(): Model {
  return builtModel("deep set", [MEMBERS, FEATURES], (b, x) => {
    const weight = b.input("members.weight", "real", [6, FEATURES]);
    const members = add(b, matmul(b, x, transpose(b, weight, [1, 0])), b.input("members.bias", "real", [6]));
    const pooled = reduceSum(b, b.op("Tanh", [members]), [1]);
    return b.op("Gemm", [pooled, b.input("out.weight", "real", [2, 6]), b.input("out.bias", "real", [2])], {
      transB: 1,
    });
  });
}

/** Symmetric adjacencies without loops, and normal features. */
function graphs(count: number, stream: string): Tensor<"float64"> {
  const random = randomFrom(1, stream);
  const width = NODES + FEATURES;
  const data = new Float64Array(count * NODES * width);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < NODES; i++) {
      for (let j = 0; j < i; j++) {
        const edge = Number(random.uniform() < 0.5);
        data[(n * NODES + i) * width + j] = edge;
        data[(n * NODES + j) * width + i] = edge;
      }
      for (let k = NODES; k < width; k++) data[(n * NODES + i) * width + k] = random.normal();
    }
  return reals([count, NODES, width], data);
}

/** Every example with its parts in another order: rows of a set, rows and columns of a graph. */
function reordered({ shape, data }: Tensor, order: readonly number[], adjacency: boolean): Tensor<"float64"> {
  const [count, rows, width] = shape;
  const result = new Float64Array(data.length);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < width; k++) {
        const from = adjacency && k < rows ? order[k] : k;
        result[(n * rows + i) * width + k] = Number(data[(n * rows + order[i]) * width + from]);
      }
  return reals(shape, result);
}

export interface StructureAgreement {
  /** max |residual| / scale, the rule `auto` at 1e-10. */
  readonly residual: number;
  /** max |closure| / gross. */
  readonly closure: number;
  /** How contributions differ where the parts of queries and of training examples are put in another order; absent for sequences. */
  readonly order?: number;
}

const worst = ({ residual, closure, gross, scale }: Explanation) => ({
  residual: largest(residual) / scale,
  closure: largest(closure) / largest(gross),
});

async function explained(
  model: Model,
  x: Tensor,
  queries: Tensor,
  params = startOf(model, "float64", 1),
): Promise<Explanation> {
  const count = x.shape[0];
  const y = integers(
    [count],
    Array.from({ length: count }, (_, n) => n % 2),
  );
  const optimizer = { name: "momentum", options: { lr: 0.1 } };
  const { task } = await modelTask({ model, loss: lossOf("cross-entropy"), x, y, queries, optimizer, params });
  const batches = [...shuffledBatches({ examples: count, batchSize: 3, steps: 5 }, randomFrom(1, "batches"))];
  const run = await trainInMemory(task, { params, batches });
  return explain(task, run, { queries: inputQueries(task, queries, { name: "queries" }), tolerance: 1e-10 });
}

async function unordered(
  model: Model,
  [x, queries]: readonly [Tensor, Tensor],
  order: readonly number[],
  adjacency: boolean,
) {
  const params = startOf(model, "float64", 1);
  // Through a file, as a user's own model comes.
  const bytes = writeOnnx(model.graph, { real: "float64", initializers: viewsOf(model.parameters, params) });
  const read = modelFromOnnx(bytes, { name: `${model.spec}.onnx` });
  const e = await explained(read, x, queries);
  const other = await explained(read, reordered(x, order, adjacency), reordered(queries, order, adjacency));
  return { ...worst(e), order: relative(other.contributions, e.contributions) };
}

export const graphStructures = (): Promise<StructureAgreement> =>
  unordered(graphModel(), [graphs(6, "graphs"), graphs(2, "query graphs")], [2, 0, 3, 1], true);

export const setStructures = (): Promise<StructureAgreement> =>
  unordered(
    setModel(),
    [normals([6, MEMBERS, FEATURES], "sets"), normals([2, MEMBERS, FEATURES], "query sets")],
    [3, 1, 4, 0, 2],
    false,
  );

/** A language model on tokens. */
export async function sequenceStructures(): Promise<StructureAgreement> {
  const random = randomFrom(1, "tokens");
  const tokens = (count: number): Tensor =>
    integers(
      [count, 6],
      Array.from({ length: count * 6 }, () => Math.floor(4 * random.uniform())),
    );
  return worst(await explained(createModel("gpt:8:1:2", { inputShape: [6], outputs: 4 }), tokens(6), tokens(2)));
}
