// The empirical tangent kernel K(x, x') = J(x; w) J(x'; w')^T of any model, tile by tile.

import type { RealArray, Tensor } from "../numeric/tensor.ts";
import type { Progress } from "../train/train.ts";
import { createAlgorithm } from "./choose.ts";
import { execute } from "./execute.ts";
import { splitWeights } from "./normalise.ts";
import { type KernelPlan, planKernel } from "./plan.ts";
import { sideOf } from "./side.ts";
import { arraySink, callbackSink, type KernelSink, type KernelSpec, type KernelTile } from "./sink.ts";
import {
  type AlgorithmName,
  algorithmNames,
  type KernelDivision,
  type KernelForm,
  type KernelModel,
  kernelDivisions,
  kernelForms,
} from "./types.ts";

export interface TangentKernelOptions {
  /** Default `trace`. */
  readonly form?: KernelForm;
  /** Coefficients of the outputs, (N, C) for xs and (M, C) for xs2 (default: those of xs): for the form `readout`. */
  readonly readouts?: readonly [Tensor, Tensor?];
  /** Parameters at which the second side's Jacobians are taken (two-time kernel, Guo et al. Def. 3.2); default: those of the first. */
  readonly params2?: RealArray;
  /** Diagonal of M in J M J'^T (p), for instance a preconditioner (Guo et al. Def. 3.3). */
  readonly weights?: Float64Array;
  /** One kernel for each parameter or layer, which add up to the whole; default: the whole. */
  readonly per?: KernelDivision;
  /** Divide by sqrt(K(x, x) K(x', x')), each part of a divided kernel by its own; 0 where one of them is 0. */
  readonly normalize?: boolean;
  /** Default `auto`: the one with the fewest counted FLOPs. */
  readonly algorithm?: AlgorithmName | "auto";
  /**
   * Bytes for prepared tiles of both sides and all that is in flight: what runs of graphs take in the engine, and the tile that is
   * computed. Apart from it: the examples, the result, what a frozen part of the model gave (at most 1 GiB), the process itself.
   * Tiles are made smaller until they fit, by a rule that looks at the problem and this number alone. Bytes are counted, with a sixteenth
   * left for what the count misses. Default 1 GiB.
   */
  readonly memoryBudget?: number;
  /** Examples prepared and paired at once, on either side, at most. Default 256, on a card 1024. */
  readonly tile?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface TangentKernel extends KernelPlan {
  /** (N, M), (N, M, C) or (N, M, C, C); with `per` behind an axis G, whose names are in `groups`. */
  readonly kernel: Tensor;
}

const DEFAULT_BUDGET = 2 ** 30;
/** Enough for products to run at the engine's full rate, few enough that a tile takes well under a second. */
const DEFAULT_TILE = 256;
/** On a card. */
const CARD_TILE = 1024;

/**
 * K(x, x') = J(x; w) M J(x'; w')^T between examples, in the form asked for.
 *
 * Shapes: xs (N, ...), xs2 (M, ...) -> (N, M, ...form); without xs2 the second side is xs, and only tiles on and above the diagonal are
 * computed. Memory: the result, and `memoryBudget`. Results have the engine's dtype; `jacobian-contraction` and `vector-products` add
 * up in float64.
 *
 * Errors: RangeError for options that do not fit; rejects with the signal's reason when aborted.
 */
export async function tangentKernel(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  xs2?: Tensor,
  options: TangentKernelOptions = {},
): Promise<TangentKernel> {
  const sink = arraySink();
  const plan = await streamTangentKernel(model, params, xs, xs2, { ...options, sink });
  return { ...plan, kernel: sink.kernel() };
}

export interface StreamOptions extends TangentKernelOptions {
  /** Takes the tiles; a function is given each of them, mirror images too. */
  readonly sink: KernelSink | ((tile: KernelTile) => void | Promise<void>);
}

/**
 * The same kernel, handed to a sink tile by tile: the same numbers to the last bit, and no more memory than `memoryBudget`. Gives what
 * was planned.
 */
export async function streamTangentKernel(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  xs2: Tensor | undefined,
  { sink, ...options }: StreamOptions,
): Promise<KernelPlan> {
  const { form = "trace", normalize = false, readouts = [], memoryBudget = DEFAULT_BUDGET, per } = options;
  const {
    params2 = params,
    tile = model.engine.holds ? CARD_TILE : DEFAULT_TILE,
    algorithm: name = "auto",
    signal,
    onProgress,
  } = options;
  requireFit({ model, xs, xs2, form, readouts, name, tile, memoryBudget, per, params: [params, params2] });
  const [first, second] = splitWeights(options.weights, model.layout.size, normalize);
  const symmetric =
    xs2 === undefined && params2 === params && first === second && (readouts[1] ?? readouts[0]) === readouts[0];
  const settings = { model, form, weighted: first !== undefined, per };
  const count = { n: xs.shape[0], m: (xs2 ?? xs).shape[0], symmetric };
  const plan = planKernel(settings, count, { algorithm: name, tile, memoryBudget });
  const algorithm = createAlgorithm(plan.algorithm, settings, { run: plan.run, tile: plan.tile, signal });
  const common = { model, algorithm, tile: plan.tile };
  const x = sideOf({ ...common, params, x: xs, readouts: readouts[0], weights: first });
  const other = { params: params2, x: xs2 ?? xs, readouts: readouts[1] ?? readouts[0], weights: second };
  const y = symmetric ? x : sideOf({ ...common, ...other });
  const spec: KernelSpec = {
    dtype: plan.dtype,
    shape: plan.shape,
    groups: plan.groups,
    tiles: plan.tiles,
    inputs: {
      model,
      params: [params, params2],
      examples: [xs, xs2],
      readouts: [readouts[0], readouts[1]],
      weights: options.weights,
      form,
      normalize,
      per,
      algorithm: plan.algorithm,
      tiling: `tiles of ${plan.tile}, ${plan.run} at once, ${plan.kept} held`,
    },
  };
  const to = typeof sink === "function" ? callbackSink(sink) : sink;
  await execute({ plan, spec, x, y, algorithm, sink: to, signal, onProgress });
  return plan;
}

interface Request {
  readonly model: KernelModel;
  readonly xs: Tensor;
  readonly xs2: Tensor | undefined;
  readonly form: KernelForm;
  readonly readouts: readonly (Tensor | undefined)[];
  readonly name: AlgorithmName | "auto";
  readonly tile: number;
  readonly memoryBudget: number;
  readonly per: KernelDivision | undefined;
  readonly params: readonly RealArray[];
}

function requireFit({ model, xs, xs2, form, readouts, name, tile, memoryBudget, per, params }: Request): void {
  const refuse = (must: string): never => {
    throw new RangeError(`tangentKernel: ${must}`);
  };
  if (!kernelForms.includes(form)) refuse(`form must be one of ${kernelForms.join(", ")}, got ${form}`);
  if (name !== "auto" && !algorithmNames.includes(name))
    refuse(`algorithm must be one of auto, ${algorithmNames.join(", ")}, got ${name}`);
  if (!(Number.isSafeInteger(tile) && tile >= 1)) refuse(`tile must be a whole number >= 1, got ${tile}`);
  if (!(memoryBudget >= 0)) refuse(`memoryBudget must be a number of bytes, got ${memoryBudget}`);
  if (per !== undefined && !kernelDivisions.includes(per))
    refuse(`per must be one of ${kernelDivisions.join(", ")}, got ${per}`);
  const short = params.find(({ length }) => length !== model.layout.size);
  if (short) refuse(`params must hold ${model.layout.size} numbers, got ${short.length}`);
  if ((form === "readout") !== (readouts[0] !== undefined))
    refuse(`readouts must be given for the form readout, and for no other, got form ${form}`);
  const sides = readouts[0] === undefined ? [] : [xs, xs2 ?? xs];
  sides.forEach(({ shape: [count] }, side) => {
    const { shape } = readouts[side] ?? (readouts[0] as Tensor);
    if (shape.length !== 2 || shape[0] !== count || shape[1] !== model.outputs)
      refuse(`readouts of side ${side + 1} must have shape [${count},${model.outputs}], got [${shape}]`);
  });
}
