// The linearisation of a model as a model: f(x; w_0) + J(x; w_0) (w - w_0), a graph like any other.

import { jvp } from "../differentiate/forward.ts";
import { builderOf, GraphBuilder, valueIn } from "../graph/builder.ts";
import { BATCH } from "../graph/dim.ts";
import { add, expandLike, sub } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Model } from "./types.ts";

const TANGENT = "tangent.";

/** y and its directional derivative along `tangent.NAME`, at parameters that are inputs. */
function withDerivative({ graph, parameters }: Model): Graph {
  const { b, inputs, values } = builderOf(graph);
  const tangents = parameters.entries.map(({ name, shape }) => ({
    value: inputs[name],
    tangent: b.input(TANGENT + name, "real", shape),
  }));
  const y = values.get("y") as Value;
  const [moved] = jvp(b, tangents, [y]);
  return b.build({ y: moved ? add(b, y, expandLike(b, moved, y)) : y });
}

/**
 * The model f_lin(x; w) = f(x; w_0) + J(x; w_0) (w - w_0) of the same parameters, with w_0 fixed in its graph; it starts at w_0.
 *
 * Its tangent kernel is that of w_0 wherever its parameters are, its function is linear in them, and so explanations of plain gradient descent
 * by the rule `left` leave no residual. Every optimizer trains it. Of a model with dropout it is what is evaluated, and is trained so. Cost: a forward pass, and one in forward mode.
 *
 * Errors: RangeError where `params` are not the model's.
 *
 * @see Lee et al. 2019, arXiv:1902.06720: wide networks of any depth evolve as linear models
 */
export function linearise(model: Model, params: RealArray): Model {
  const { parameters, graph } = model;
  if (params.length !== parameters.size)
    throw new RangeError(`linearise: params must hold ${parameters.size} numbers, got ${params.length}`);
  const start = viewsOf(parameters, params.slice());
  const b = new GraphBuilder();
  const { dtype, shape } = valueIn(graph, "x");
  const bound: Record<string, Value> = { x: b.input("x", dtype, shape) };
  const own = parameters.entries.map((entry) => [entry.name, b.input(entry.name, "real", entry.shape)] as const);
  for (const [name, w] of own) {
    bound[name] = b.constant(start[name]);
    bound[TANGENT + name] = sub(b, w, bound[name]);
  }
  const y = b.inline(withDerivative(model), bound).get("y") as Value;
  if (y.shape[0] !== BATCH) throw new Error("internal: a linearised output must keep its batch axis");
  return {
    spec: `linearised ${model.spec}`,
    graph: b.build({ y }),
    parameters,
    ...(model.fixed && { fixed: model.fixed }),
    initialise: (to) => to.set(params),
  };
}
