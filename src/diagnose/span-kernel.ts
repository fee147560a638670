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
 * - `readout`: the same for any combination of the outputs, which `readout` gives of an example's outputs: a margin, one class;
 * - `outputs`: each output's gradient, in the span of all outputs' gradients of the training examples; N C rows.
 */
export const spanForms = ["trace", "predicted", "readout", "outputs"] as const;
export type SpanForm = (typeof spanForms)[number];

/** An example's C outputs -> what each is multiplied by. */
export type SpanReadout = (outputs: Float64Array) => ArrayLike<number>;

export interface SpanKernelOptions extends Pick<TangentKernelOptions, "algorithm" | "memoryBudget" | "tile"> {
  /** Default `trace`. */
  readonly form?: SpanForm;
  /** For the form `readout`. */
  readonly readout?: SpanReadout;
}

type KernelOptions = Omit<SpanKernelOptions, "form" | "readout">;

/** A one at the largest, the first of equal ones. */
const largestOutput: SpanReadout = (outputs) => {
  const best = outputs.reduce((top, value, k) => (value > outputs[top] ? k : top), 0);
  return outputs.map((_, k) => (k === best ? 1 : 0));
};

/** (n, m, c, d) as a matrix (n c, m d). */
function blocksAsMatrix({ shape: [n, m, c, d], data }: Tensor): Matrix {
  const to = new Float64Array(n * c * m * d);
  for (let i = 0, from = 0; i < n; i++)
    for (let j = 0; j < m; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++, from++) to[(i * c + k) * m * d + j * d + l] = (data as RealArray)[from];
  return { dtype: "float64", shape: [n * c, m * d], data: to };
}

function readoutKernel(
  task: Task,
  params: RealArray,
  points: Tensor,
  { name, readout, ...options }: KernelOptions & { readonly name: string; readonly readout: SpanReadout },
): SpanKernel {
  /** Coefficients (n, C) of examples. */
  const coefficientsOf = async (x: Tensor): Promise<Tensor> => {
    const { outputs } = task;
    const values = await predict(task, params, { x });
    const coefficients = new Float64Array(values.length);
    for (let from = 0; from < values.length; from += outputs) {
      const row = readout(values.subarray(from, from + outputs));
      if (row.length !== outputs)
        throw new RangeError(`tangentSpanKernel: readout must give ${outputs} numbers, got ${row.length}`);
      coefficients.set(row, from);
    }
    return reals([x.shape[0], outputs], coefficients);
  };
  let known: Promise<Tensor> | undefined;
  const own = (): Promise<Tensor> => {
    known ??= coefficientsOf(points);
    return known;
  };
  const form = { ...options, form: "readout" } as const;
  return {
    name,
    points,
    matrix: async (call) => gramMatrix(task, params, points, { ...form, ...call, readouts: await own() }),
    async between(queries, call) {
      const readouts = [await coefficientsOf(queries), await own()] as const;
      const { kernel } = await tangentKernel(task, params, queries, points, { ...form, ...call, readouts });
      return reals([queries.shape[0], points.shape[0]], kernel.data as RealArray);
    },
    diagonal: async (queries, call) =>
      selfKernel(task, params, queries, { ...form, ...call, readouts: await coefficientsOf(queries) }),
  };
}

function outputsKernel(task: Task, params: RealArray, points: Tensor, options: KernelOptions): SpanKernel {
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
 * The tangent kernel at `params` over `points`, in the form whose span is asked about. For one output the first two and the last are the same.
 *
 * Cost: that of `tangentKernel` at each call; nothing is kept but the points' coefficients. RangeError for a form that is not one, a readout that does not
 * belong to it, or one that gives another number of coefficients.
 */
export function tangentSpanKernel(
  task: Task,
  params: RealArray,
  points: Tensor,
  { form = "trace", readout, ...options }: SpanKernelOptions = {},
): SpanKernel {
  const where = "tangentSpanKernel";
  if (!spanForms.includes(form))
    throw new RangeError(`${where}: form must be one of ${spanForms.join(", ")}, got ${form}`);
  if ((form === "readout") !== (readout !== undefined))
    throw new RangeError(`${where}: readout must be given for the form readout, and for no other, got form ${form}`);
  if (form === "trace") return tangentMachineKernel(task, params, points, options);
  if (form === "outputs") return outputsKernel(task, params, points, options);
  if (readout !== undefined) return readoutKernel(task, params, points, { ...options, name: READOUT, readout });
  return readoutKernel(task, params, points, { ...options, name: PREDICTED, readout: largestOutput });
}

const READOUT = "tangent kernel of a readout";
const PREDICTED = "tangent kernel of the largest output";
