// The two derivatives of a whole head: cotangents of outputs to parameters, tangents of parameters to outputs.

import { jvp } from "../differentiate/forward.ts";
import { vjp } from "../differentiate/reverse.ts";
import { builderOf } from "../graph/builder.ts";
import { fullLike, reshape } from "../graph/ops.ts";
import { flatInput } from "../graph/outputs.ts";
import type { Graph, Value } from "../graph/types.ts";
import { sizeOf } from "../numeric/tensor.ts";
import type { KernelModel } from "./types.ts";

/** Input of the pull graph: cotangents (N, C). */
export const COTANGENT = "cotangent";
/** Prefix of its outputs, one a parameter. */
export const PULLED = "pulled.";
/** Prefix of the push graph's inputs, one a parameter. */
export const TANGENT = "tangent.";

/** J^T v: the sum over examples of the derivatives of <v_n, y_n>, outputs `pulled.NAME`. About three forward passes. */
export function pullGraph({ split, layout }: KernelModel): Graph {
  const { b, inputs, values } = builderOf(split.head);
  const y = values.get("y") as Value;
  const cotangent = flatInput(b, COTANGENT, y);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const gradients = vjp(b, [{ value: y, cotangent }], parameters);
  return b.build(
    Object.fromEntries(
      parameters.map(({ name }, i) => [PULLED + name, gradients[i] ?? fullLike(b, parameters[i], 0)] as const),
    ),
  );
}

/** J u for u given as `tangent.NAME`: output `products` (N, C). About two forward passes. */
export function pushGraph({ split, layout }: KernelModel): Graph {
  const { b, inputs, values } = builderOf(split.head);
  const y = values.get("y") as Value;
  const tangents = layout.entries.map(({ name, shape }) => ({
    value: inputs[name],
    tangent: b.input(TANGENT + name, "real", shape),
  }));
  const [products] = jvp(b, tangents, [y]);
  const flat = ["N", sizeOf(y.shape.slice(1) as readonly number[])];
  return b.build({ products: reshape(b, products ?? fullLike(b, y, 0), flat) });
}
