// A model's output less what it begins as, times a factor: alpha (f(x; w) - f(x; w_0)), Chizat, Oyallon, Bach 2019.

import { GraphBuilder, valueIn } from "../graph/builder.ts";
import { mul, sub } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { layoutOf } from "../numeric/layout.ts";
import { formsOf, storedGraph } from "./dropout.ts";
import type { Model } from "./types.ts";

/** Prefix of the parameters that hold w_0. */
const START = "start.";

/**
 * alpha (f(x; w) - f(x; w_0)), with dropout in the first while training. w_0 are parameters of their own, start.NAME, that begin as the others and are never trained: f(x; w_0) is the frozen
 * part of the model and is computed once for each example. The prior of every explanation is then 0.
 *
 * With step sizes divided by alpha^2 the function moves as fast whatever alpha is, and the parameters 1/alpha as far: alpha is the knob between rich
 * and lazy. Errors: RangeError where alpha is not a finite number other than 0.
 *
 * @see Chizat, Oyallon, Bach 2019, arXiv:1812.07956: lazy training
 */
export function withOutputScale(model: Model, alpha: number): Model {
  const { parameters, graph, fixed = [] } = model;
  if (!Number.isFinite(alpha) || alpha === 0)
    throw new RangeError(`output scale: alpha must be a finite number other than 0, got ${alpha}`);
  const b = new GraphBuilder();
  const { dtype, shape } = valueIn(graph, "x");
  const x = b.input("x", dtype, shape);
  const copyOf = (prefix: string, of: Graph): Value => {
    const own = parameters.entries.map(
      (entry) => [entry.name, b.input(prefix + entry.name, "real", entry.shape)] as const,
    );
    return b.inline(of, { x, ...Object.fromEntries(own) }).get("y") as Value;
  };
  const [y, before] = [copyOf("", storedGraph(model)), copyOf(START, graph)];
  const names = ["", START].flatMap((prefix) =>
    parameters.entries.map((entry) => [prefix + entry.name, entry.shape] as const),
  );
  return {
    spec: `${model.spec}, output scale ${alpha}`,
    ...formsOf(b.build({ y: mul(b, sub(b, y, before), alpha) })),
    parameters: layoutOf(names),
    fixed: [...fixed, ...parameters.entries.map(({ name }) => START + name)],
    initialise: (params, random) => {
      const own = params.subarray(0, parameters.size);
      model.initialise(own, random);
      params.set(own, parameters.size);
    },
  };
}
