// Gradients of <u_n, y_n> for each example of an imported model, by factors or by the reverse rules on each example alone.

import { materialise } from "../../src/differentiate/factored.ts";
import { usesOf } from "../../src/differentiate/per-example.ts";
import { vjp } from "../../src/differentiate/reverse.ts";
import { builderOf } from "../../src/graph/builder.ts";
import { type ImportedGraph, initialValues } from "../../src/graph/onnx/reader.ts";
import { fullLike } from "../../src/graph/ops.ts";
import type { Graph, Value } from "../../src/graph/types.ts";
import { type RealDType, sizeOf, type Tensor, takeRows, toReal } from "../../src/numeric/tensor.ts";
import { engineOf } from "./tasks.ts";

/** The model with `u` as the cotangent of y and gradients g:NAME; undefined by factors where some use of a parameter has none. */
function gradientGraph({ graph, parameters }: ImportedGraph, apart: boolean): Graph | undefined {
  const { b, inputs, values } = builderOf(graph);
  const value = values.get("y") as Value;
  const seeds = [{ value, cotangent: b.input("u", "real", value.shape) }];
  const wrt = parameters.map(({ name }) => inputs[name]);
  const uses = apart ? usesOf(b, { seeds, examples: [inputs.x], parameters: wrt }) : undefined;
  if (apart && !uses) return undefined;
  const gradients = uses ? wrt.map((parameter) => materialise(b, uses, parameter)) : vjp(b, seeds, wrt);
  const outputs = parameters.map(({ name }, i) => [`g:${name}`, gradients[i] ?? fullLike(b, wrt[i], 0)] as const);
  return b.build(Object.fromEntries(outputs));
}

export interface GradientOptions {
  readonly x: Tensor;
  readonly u: Tensor;
  readonly dtype: RealDType;
  /** By factors, or each example alone. */
  readonly by: "factors" | "examples";
  /** Parameters side by side in this order. Default: the model's. */
  readonly order?: readonly string[];
}

/** (N, p); undefined by factors where some use of a parameter has none. */
export async function outputGradients(
  imported: ImportedGraph,
  options: GradientOptions,
): Promise<Float64Array | undefined> {
  const { x, u, dtype, by, order = imported.parameters.map(({ name }) => name) } = options;
  const graph = gradientGraph(imported, by === "factors");
  if (!graph) return undefined;
  const program = (await engineOf(dtype)).compile(graph);
  const inDtype = (t: Tensor): Tensor => (t.dtype === "float64" ? toReal(t, dtype) : t);
  const values = initialValues(imported.parameters, dtype);
  const sizes = order.map((name) => sizeOf(values[name].shape));
  const width = sizes.reduce((total, size) => total + size, 0);
  const rows = new Float64Array(x.shape[0] * width);
  const blocks = by === "factors" ? [[0, x.shape[0]]] : Array.from({ length: x.shape[0] }, (_, n) => [n, n + 1]);
  for (const [start, end] of blocks) {
    const taken = Array.from({ length: end - start }, (_, k) => start + k);
    const results = await program.run({ ...values, x: inDtype(takeRows(x, taken)), u: inDtype(takeRows(u, taken)) });
    let offset = 0;
    order.forEach((name, i) => {
      const data = results[`g:${name}`].data as Float64Array;
      taken.forEach((n, k) => {
        rows.set(data.subarray(k * sizes[i], (k + 1) * sizes[i]), n * width + offset);
      });
      offset += sizes[i];
    });
  }
  return rows;
}
