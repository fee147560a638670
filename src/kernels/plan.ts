// What computing a kernel will take, before anything is computed: algorithm, tiles, memory, how often examples are prepared.

import type { Graph } from "../graph/types.ts";
import type { Layout } from "../numeric/layout.ts";
import type { RealDType } from "../numeric/tensor.ts";
import type { AlgorithmMemory, AlgorithmOptions } from "./algorithm.ts";
import { type Choice, chooseAlgorithm } from "./choose.ts";
import { entryShape } from "./form.ts";
import { groupsOf } from "./groups.ts";
import { memoryOf } from "./memory.ts";
import { leastBudget, type PairCount, preparationsOf, type Tiling, tilingOf } from "./tiling.ts";
import type { AlgorithmName } from "./types.ts";

export interface KernelPlan extends Choice, Tiling, PairCount {
  readonly dtype: RealDType;
  /** (N, M, ...form), or (G, N, M, ...form) of a divided kernel. */
  readonly shape: readonly number[];
  /** Names of the G parts of a divided kernel. */
  readonly groups: readonly string[] | undefined;
  /** Pairs of tiles that are computed. */
  readonly tiles: number;
  /** Tiles of each side that are prepared, those that are prepared again counted again; of a symmetric kernel, all of them first. */
  readonly preparations: readonly [number, number];
  /** Bytes beside the result, counted: prepared tiles, and what is in flight while graphs run and tiles are paired. */
  readonly bytes: { readonly prepared: number; readonly running: number; readonly pairing: number };
}

export interface PlanOptions {
  readonly algorithm: AlgorithmName | "auto";
  readonly tile: number;
  readonly memoryBudget: number;
}

/** There is a count for every algorithm that the model admits; the choice refuses the others. */
const memoryFor = (name: AlgorithmName, options: AlgorithmOptions): AlgorithmMemory =>
  memoryOf(name, options) as AlgorithmMemory;

/** Plans of a head and its trained parameters, by all else that they depend on: counting takes as long as a small kernel. */
const plans = new WeakMap<Graph, WeakMap<Layout, Map<string, KernelPlan>>>();

/** RangeError where the budget is too small for a tile of one example, or the algorithm asked for does not fit the model. */
export function planKernel(options: AlgorithmOptions, count: PairCount, given: PlanOptions): KernelPlan {
  const { engine, layout, split, outputs } = options.model;
  const ofHead = plans.get(split.head) ?? new WeakMap<Layout, Map<string, KernelPlan>>();
  plans.set(split.head, ofHead);
  const ofLayout = ofHead.get(layout) ?? new Map<string, KernelPlan>();
  ofHead.set(layout, ofLayout);
  const { form, per, weighted } = options;
  const { algorithm, tile, memoryBudget } = given;
  const model = [engine.dtype, engine.holds, outputs, form, per, weighted];
  const key = [...model, count.n, count.m, count.symmetric, algorithm, tile, memoryBudget].join(" ");
  const plan = ofLayout.get(key) ?? newPlan(options, count, given);
  ofLayout.set(key, plan);
  return plan;
}

function newPlan(options: AlgorithmOptions, count: PairCount, given: PlanOptions): KernelPlan {
  const { model, form, per } = options;
  const { memoryBudget } = given;
  const fits = (name: AlgorithmName): boolean => leastBudget(memoryFor(name, options), count) <= memoryBudget;
  const choice = chooseAlgorithm(options, count, given.algorithm, fits);
  const memory = memoryFor(choice.algorithm, options);
  const pairs = count.symmetric ? (count.n * (count.n + 1)) / 2 : count.n * count.m;
  const flopsOfPair = (choice.flops[choice.algorithm] as number) / Math.max(1, pairs);
  const onCard = model.engine.holds && choice.algorithm === "factored";
  const tiling = tilingOf(memory, count, { tile: given.tile, memoryBudget, flopsOfPair, onCard });
  if (!tiling) {
    const least = leastBudget(memory, count);
    throw new RangeError(
      `tangentKernel: memoryBudget must be at least ${least} bytes for ${choice.algorithm} on this model and form, got ${memoryBudget}`,
    );
  }
  const groups = per && groupsOf(model.layout, per).map(({ name }) => name);
  const entries = [count.n, count.m, ...entryShape(form, model.outputs)];
  const [rows, columns] = [Math.ceil(count.n / tiling.tile), Math.ceil(count.m / tiling.tile)];
  return {
    ...choice,
    ...count,
    ...tiling,
    dtype: model.engine.dtype,
    shape: groups ? [groups.length, ...entries] : entries,
    groups,
    tiles: count.symmetric ? (rows * (rows + 1)) / 2 : rows * columns,
    preparations: preparationsOf(count, tiling),
    bytes: {
      prepared: tiling.kept * tiling.tile * memory.prepared,
      running: memory.running(tiling.run),
      pairing: memory.pairing(tiling.tile),
    },
  };
}
