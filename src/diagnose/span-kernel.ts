// The tangent kernel as its span is asked for: the trace, each output by itself, or the logit that the model names.

import { gramMatrix } from "../kernels/gram-matrix.ts";
import { type MachineKernel, type MachineKernelCall, tangentMachineKernel } from "../kernels/machine-kernel.ts";
import { selfKernel } from "../kernels/self-kernel.ts";
import { type TangentKernelOptions, tangentKernel } from "../kernels/tangent-kernel.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";

/** A kernel over fixed points whose features' span is asked about; any `MachineKernel` is one. */
export interface SpanKernel extends Pick<MachineKernel, "name" | "points" | "matrix" | "between" | "diagonal"> {
  /** Rows of the matrices that an example has, side by side. Default 1. */
  readonly rowsEach?: number;
}

/**
 * What is asked of a model with C outputs:
 * - `trace`: whether all of J(x), C p numbers, lies in the span of such matrices of the training examples;
 * - `predicted`: the gradient of the largest output, in the span of those of the training examples, each of its own largest output;
 * - `outputs`: each output's gradient, in the span of all outputs' gradients of the training examples; N C rows.
 */
export const spanForms = ["trace", "predicted", "outputs"] as const;
export type SpanForm = (typeof spanForms)[number];

type SpanKernelOptions = Pick<TangentKernelOptions, "algorithm" | "memoryBudget" | "tile">;

/** (n, C): a one at the largest output of each example. */
async function largestOutput(task: Task, params: RealArray, x: Tensor): Promise<Tensor> {
  const values = await predict(task, params, { x });
  const coefficients = new Float64Array(values.length);
  for (let from = 0; from < values.length; from += task.outputs) {
    let best = 0;
    for (let k = 1; k < task.outputs; k++) if (values[from + k] > values[from + best]) best = k;
    coefficients[from + best] = 1;
  }
  return reals([x.shape[0], task.outputs], coefficients);
}

/** (n, m, c, d) as a matrix (n c, m d). */
function blocksAsMatrix({ shape: [n, m, c, d], data }: Tensor): Matrix {
  const to = new Float64Array(n * c * m * d);
  for (let i = 0, from = 0; i < n; i++)
    for (let j = 0; j < m; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++, from++) to[(i * c + k) * m * d + j * d + l] = (data as RealArray)[from];
  return { dtype: "float64", shape: [n * c, m * d], data: to };
}

function predictedKernel(task: Task, params: RealArray, points: Tensor, options: SpanKernelOptions): SpanKernel {
  let known: Promise<Tensor> | undefined;
  const own = (): Promise<Tensor> => {
    known ??= largestOutput(task, params, points);
    return known;
  };
  const readout = { ...options, form: "readout" } as const;
  return {
    name: "tangent kernel of the largest output",
    points,
    matrix: async (call) => gramMatrix(task, params, points, { ...readout, ...call, readouts: await own() }),
    async between(queries, call) {
      const readouts = [await largestOutput(task, params, queries), await own()] as const;
      const { kernel } = await tangentKernel(task, params, queries, points, { ...readout, ...call, readouts });
      return reals([queries.shape[0], points.shape[0]], kernel.data as RealArray);
    },
    async diagonal(queries, call) {
      const readouts = await largestOutput(task, params, queries);
      return selfKernel(task, params, queries, { ...readout, ...call, readouts });
    },
  };
}

function outputsKernel(task: Task, params: RealArray, points: Tensor, options: SpanKernelOptions): SpanKernel {
  const blocks = (call: MachineKernelCall | undefined) => ({ ...options, ...call, form: "blocks" }) as const;
  return {
    name: "tangent kernel of each output",
    points,
    rowsEach: task.outputs,
    matrix: (call) => gramMatrix(task, params, points, blocks(call)),
    between: async (queries, call) =>
      blocksAsMatrix((await tangentKernel(task, params, queries, points, blocks(call))).kernel),
    diagonal: (queries, call) => selfKernel(task, params, queries, blocks(call)),
  };
}

/**
 * The tangent kernel at `params` over `points`, in the form whose span is asked about. For one output the three are the same.
 *
 * Cost: that of `tangentKernel` at each call; nothing is kept but the points' largest outputs. RangeError for a form that is not one.
 */
export function tangentSpanKernel(
  task: Task,
  params: RealArray,
  points: Tensor,
  { form = "trace", ...options }: SpanKernelOptions & { readonly form?: SpanForm } = {},
): SpanKernel {
  if (form === "trace") return tangentMachineKernel(task, params, points, options);
  if (form === "predicted") return predictedKernel(task, params, points, options);
  if (form === "outputs") return outputsKernel(task, params, points, options);
  throw new RangeError(`tangentSpanKernel: form must be one of ${spanForms.join(", ")}, got ${form}`);
}
