// The derivatives of a model's outputs with respect to each parameter, for all cotangents that a kernel's form needs.

import { rootOf } from "../differentiate/example-layout.ts";
import type { Sparse } from "../differentiate/factor.ts";
import { materialise } from "../differentiate/factored.ts";
import { overSeeds, type SeedProduct } from "../differentiate/over-seeds.ts";
import { factorValues } from "../differentiate/paired.ts";
import { type Use, usesOf } from "../differentiate/per-example.ts";
import { lightenPools } from "../graph/before-pools.ts";
import { builderOf, type GraphBuilder } from "../graph/builder.ts";
import { reshape } from "../graph/ops.ts";
import { flatInput } from "../graph/outputs.ts";
import type { Graph, Value } from "../graph/types.ts";
import { reals } from "../numeric/tensor.ts";
import { SEEDS, seedCount, stackSeeds, unitVectors } from "./form.ts";
import type { KernelForm, KernelModel } from "./types.ts";

/** The derivative at a parameter's only use in factors, one of which all S seeds share. */
export type SeededFactor =
  /**
   * sum over t of shared[n, t, a] own[n s, t, b]: (N, T, A) and (S N, T, B). Where own is a product of what is the examples' and what is the
   * seeds', as behind the last hidden layer of a network, also these.
   */
  | {
      readonly kind: "outer";
      readonly shared: Value;
      readonly own: Value;
      readonly product?: SeedProduct | undefined;
      /** The elements of own that are not zero: values (S N, B, W), the same positions (N, B, W) for all seeds. */
      readonly sparse?: Sparse | undefined;
      /** No cotangent goes on from here. */
      readonly ends: boolean;
    }
  /** sum over t of own[n s, t] in row indices[n, t] of a table: (N, T) and (S N, T, D). */
  | { readonly kind: "rows"; readonly indices: Value; readonly own: Value; readonly rows: number };

export type SeededOuter = Extract<SeededFactor, { kind: "outer" }>;

export interface SeededParameter {
  readonly name: string;
  /** Its elements may be in another order than the parameter's, the same for every example. Undefined where it has no such form. */
  readonly factor: SeededFactor | undefined;
  /** The derivative multiplied out and summed over uses, (S N, ...), in the order of the parameter. Only where it is read it is computed. */
  readonly whole: Value;
}

export interface SeededModel {
  readonly b: GraphBuilder;
  /** In the order of the layout; a parameter that the outputs do not see is left out. */
  readonly parameters: readonly SeededParameter[];
}

const SEED = "kernel.seed";
const WHOLE = "whole:";
const partOf = (use: number, k: number | keyof Sparse): string => `use:${use}.${k}`;

interface OneSeed {
  /** Outputs: the values of all factors, and each derivative multiplied out. */
  readonly graph: Graph;
  readonly uses: readonly Use[];
}

/** The graph of one cotangent for each example. */
function oneSeed({ split, layout }: KernelModel): OneSeed | undefined {
  const { b, inputs, values } = builderOf(lightenPools(split.head));
  const y = values.get("y") as Value;
  const seeds = [{ value: y, cotangent: b.input(SEED, "real", y.shape) }];
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const uses = usesOf(b, { seeds, examples: split.exampleInputs.map((name) => inputs[name]), parameters });
  if (!uses) return undefined;
  const outputs: Record<string, Value> = {};
  uses.forEach(({ factor }, u) => {
    factorValues(factor).forEach((value, k) => {
      outputs[partOf(u, k)] = value;
    });
    const sparse = factor.kind === "outer" ? factor.sparse : undefined;
    if (sparse) Object.assign(outputs, { [partOf(u, "values")]: sparse.values, [partOf(u, "at")]: sparse.at });
  });
  for (const parameter of parameters) {
    const whole = materialise(b, uses, parameter);
    if (whole) outputs[WHOLE + parameter.name] = whole;
  }
  return { graph: b.build(outputs), uses };
}

/** The cotangents of the form: (N, ...outputs) where they are given, else (C, ...outputs), the same for every example. */
const cotangentsOf =
  ({ split, outputs }: KernelModel, form: KernelForm) =>
  (b: GraphBuilder): Value => {
    const y = split.head.values.get("y") as Value;
    if (form === "readout") return flatInput(b, SEEDS, y);
    const shape = [outputs, ...(y.shape.slice(1) as readonly number[])];
    return b.constant(reals(shape, unitVectors(outputs)));
  };

/** All seeds in one backward pass; undefined where the layout of some value cannot be told. */
function together(model: KernelModel, form: KernelForm, { graph, uses }: OneSeed): SeededModel | undefined {
  const count = seedCount(form, model.outputs);
  const found = overSeeds(graph, { seed: SEED, count, cotangents: cotangentsOf(model, form) });
  if (!found) return undefined;
  const { b, values, seeded, products } = found;
  const factorOf = (u: number): SeededFactor | undefined => {
    const { factor, prelude, ends = false } = uses[u];
    if (!prelude.rearranges) return undefined;
    const [first, second] = [0, 1].map((k) => values.get(partOf(u, k)) as Value);
    const [ownFirst, ownSecond] = [0, 1].map((k) => seeded.has(partOf(u, k)));
    if (factor.kind === "rows" && !ownFirst) return { kind: "rows", indices: first, own: second, rows: factor.rows };
    if (factor.kind !== "outer" || ownFirst === ownSecond) return undefined;
    const [shared, own] = ownFirst ? [second, first] : [first, second];
    const few = values.get(partOf(u, "values"));
    const at = values.get(partOf(u, "at"));
    const sparse = ownFirst && few && at && !seeded.has(partOf(u, "at")) ? { values: few, at } : undefined;
    return { kind: "outer", shared, own, product: products.get(rootOf(b, own).name), sparse, ends };
  };
  const parameters = model.layout.entries.flatMap(({ name }): SeededParameter[] => {
    const whole = values.get(WHOLE + name);
    if (!whole) return [];
    const own = uses.flatMap(({ parameter }, u) => (parameter.name === name ? [u] : []));
    return [{ name, factor: own.length === 1 ? factorOf(own[0]) : undefined, whole }];
  });
  return { b, parameters };
}

/** Nodes beyond which a graph is not opened: ONNX Runtime takes 12 s for 5,600, and the time grows with the square. */
const MOST_NODES = 4000;

/** A backward pass for each seed, and every derivative multiplied out: what is left where `together` finds no layout. */
function apart(model: KernelModel, form: KernelForm, { graph }: OneSeed): SeededModel | undefined {
  const { split, layout } = model;
  const count = seedCount(form, model.outputs);
  if (graph.nodes.length * count > MOST_NODES) return undefined;
  const { b, inputs, values } = builderOf(split.head);
  const y = values.get("y") as Value;
  const shape = y.shape.slice(1) as readonly number[];
  const units = unitVectors(model.outputs);
  const cotangent = (s: number): Value => {
    if (form === "readout") return flatInput(b, SEEDS, y);
    const unit = units.subarray(s * model.outputs, (s + 1) * model.outputs);
    return b.op("Expand", [b.constant(reals([1, ...shape], unit)), b.op("Shape", [y])]);
  };
  const results = Array.from({ length: count }, (_, s) => b.inline(graph, { ...inputs, [SEED]: cotangent(s) }));
  const parameters = layout.entries.flatMap(({ name, size }): SeededParameter[] => {
    if (!graph.outputs.includes(WHOLE + name)) return [];
    const rows = results.map((result) => reshape(b, result.get(WHOLE + name) as Value, ["N", size]));
    return [{ name, factor: undefined, whole: reshape(b, stackSeeds(b, rows), [`${count}N`, size]) }];
  });
  return { b, parameters };
}

/** The derivatives of all seeds; undefined where some use of a parameter has no factored form, or the graph would be too large to open. */
export function seededModel(model: KernelModel, form: KernelForm): SeededModel | undefined {
  const one = oneSeed(model);
  return one && (together(model, form, one) ?? apart(model, form, one));
}
