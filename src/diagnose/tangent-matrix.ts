// The empirical tangent matrix of examples (Guo, He and Morel, Def. 5.1), with its rows one by one: the reference for everything said of its span.

import { SEEDS } from "../kernels/form.ts";
import { type MatrixForm, matrixForms, orderOf } from "../kernels/gram-matrix.ts";
import { JacobianRows } from "../kernels/rows.ts";
import type { KernelModel } from "../kernels/types.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { type RealArray, type Tensor, toReal } from "../numeric/tensor.ts";
import { examplesOf } from "../train/examples.ts";
import type { Progress } from "../train/train.ts";

export interface TangentMatrixOptions {
  /** What a row is: `trace`, all of J(x), C p long; `readout`, a^T J(x); `blocks`, each output's row of J(x). Default `blocks`. */
  readonly form?: MatrixForm;
  /** Coefficients (N, C): for the form `readout`. */
  readonly readouts?: Tensor | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** RangeError unless form and readouts belong to each other and to the examples. */
export function requireForm(
  where: string,
  model: Pick<KernelModel, "outputs">,
  xs: Tensor,
  { form, readouts }: { readonly form: MatrixForm; readonly readouts: Tensor | undefined },
): void {
  if (!matrixForms.includes(form))
    throw new RangeError(`${where}: form must be one of ${matrixForms.join(", ")}, got ${form}`);
  if ((form === "readout") !== (readouts !== undefined))
    throw new RangeError(`${where}: readouts must be given for the form readout, and for no other, got form ${form}`);
  const expected = [xs.shape[0], model.outputs];
  if (readouts && readouts.shape.join() !== expected.join())
    throw new RangeError(`${where}: readouts must have shape [${expected}], got [${readouts.shape}]`);
}

/**
 * The tangent features of examples, one a row: the transpose of T = [phi(x_1), ..., phi(x_N)], phi(x) = grad_w f(x; w)   (Def. 5.1).
 *
 * Shapes: `blocks` (N C, p), rows of an example side by side; `trace` (N, C p); `readout` (N, p). In float64; of a float32 engine the
 * derivatives are rounded to that. Cost: N C reverse passes at N = 1. Memory: the matrix.
 *
 * Errors: RangeError for a form and readouts that do not fit; rejects with the signal's reason when aborted.
 */
export async function tangentMatrix(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  { form = "blocks", readouts, signal, onProgress }: TangentMatrixOptions = {},
): Promise<Matrix> {
  requireForm("tangentMatrix", model, xs, { form, readouts });
  const [count] = xs.shape;
  const { size } = model.layout;
  const rows = new JacobianRows(model, form, { signal });
  const feeds = await examplesOf(model, { x: xs }).feeds(Int32Array.from({ length: count }, (_, n) => n));
  const seeded = { ...feeds, ...(readouts && { [SEEDS]: toReal(readouts, model.engine.dtype) }) };
  const total = count * rows.seeds;
  const data = new Float64Array(total * size);
  let done = 0;
  for await (const row of rows.of({ params, feeds: seeded, count })) {
    data.set(row, done++ * size);
    onProgress?.({ stage: "tangent features", done, total });
  }
  const order = orderOf(model, form, count);
  return { dtype: "float64", shape: [order, order === 0 ? size : data.length / order], data };
}
