// Makes a model of a builder's graph: its inputs beyond `x` are the parameters.

import { builderOf, type GraphBuilder, valueIn } from "../graph/builder.ts";
import { BATCH } from "../graph/dim.ts";
import { reshape } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { layoutOf } from "../numeric/layout.ts";
import { formsOf, storedGraph } from "./dropout.ts";
import { initialiseLayers, type Start } from "./linear-init.ts";
import type { Model } from "./types.ts";

/** The model y = f(x; parameters), initialised layer by layer as PyTorch does. */
export function modelFromBuilder(spec: string, b: GraphBuilder, y: Value): Model {
  const stored = b.build({ y });
  const forms = formsOf(stored);
  const { graph } = forms;
  const names = graph.inputs.filter((name) => name !== "x");
  const parameters = layoutOf(names.map((name) => [name, valueIn(graph, name).shape as readonly number[]] as const));
  return withStarts({ spec, ...forms, parameters }, {});
}

/** The model with its outputs (N, C) grouped as (N, ...shape). */
export function withOutputShape(model: Model, shape: readonly number[]): Model {
  const { b, values } = builderOf(storedGraph(model));
  return { ...model, ...formsOf(b.build({ y: reshape(b, values.get("y") as Value, [BATCH, ...shape]) })) };
}

/** The model with parameters of these names beginning otherwise than those of linear layers. */
export function withStarts(model: Omit<Model, "initialise">, starts: Readonly<Record<string, Start>>): Model {
  const { parameters } = model;
  return {
    ...model,
    initialise: (params, random) => initialiseLayers(parameters, params, { random, starts }),
  };
}
