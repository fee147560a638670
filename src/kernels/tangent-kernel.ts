// The empirical tangent kernel K(x, x') = J(x; w) J(x'; w')^T of any model, tile by tile.

import type { RealArray, Tensor } from "../numeric/tensor.ts";
import type { Progress } from "../train/train.ts";
import { type Choice, chooseAlgorithm, createAlgorithm } from "./choose.ts";
import { normalise, splitWeights } from "./normalise.ts";
import { lengthsOf, sideOf } from "./side.ts";
import { pairTiles } from "./tiles.ts";
import { type AlgorithmName, algorithmNames, type KernelForm, type KernelModel, kernelForms } from "./types.ts";

export interface TangentKernelOptions {
  /** Default `trace`. */
  readonly form?: KernelForm;
  /** Coefficients of the outputs, (N, C) for xs and (M, C) for xs2 (default: those of xs): for the form `readout`. */
  readonly readouts?: readonly [Tensor, Tensor?];
  /** Parameters at which the second side's Jacobians are taken (two-time kernel, Guo et al. Def. 3.2); default: those of the first. */
  readonly params2?: RealArray;
  /** Diagonal of M in J M J'^T (p), for instance a preconditioner (Guo et al. Def. 3.3). */
  readonly weights?: Float64Array;
  /** Divide by sqrt(K(x, x) K(x', x')); 0 where one of them is 0. */
  readonly normalize?: boolean;
  /** Default `auto`: the one with the fewest counted FLOPs. */
  readonly algorithm?: AlgorithmName | "auto";
  /** Bytes that prepared examples may take beside the result. Default 1 GiB. */
  readonly memoryBudget?: number;
  /** Examples prepared and paired at once, on either side. Default 256. */
  readonly tile?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface TangentKernel extends Choice {
  /** (N, M), (N, M, C) or (N, M, C, C). */
  readonly kernel: Tensor;
}

const DEFAULT_BUDGET = 2 ** 30;
/** Enough for products to run at the engine's full rate, few enough that a tile takes well under a second. */
const DEFAULT_TILE = 256;

/**
 * K(x, x') = J(x; w) M J(x'; w')^T between examples, in the form asked for.
 *
 * Shapes: xs (N, ...), xs2 (M, ...) -> (N, M, ...form); without xs2 the second side is xs, and only tiles on and above the diagonal are
 * computed. Memory: the result, and prepared tiles within the budget. Results have the engine's dtype; `jacobian-contraction` and
 * `vector-products` add up in float64.
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
  const { form = "trace", normalize = false, readouts = [], memoryBudget = DEFAULT_BUDGET } = options;
  const { params2 = params, tile = DEFAULT_TILE, algorithm: name = "auto", signal, onProgress } = options;
  requireFit({ model, xs, xs2, form, readouts, name, tile, params: [params, params2] });
  const [first, second] = splitWeights(options.weights, model.layout.size, normalize);
  const symmetric =
    xs2 === undefined && params2 === params && first === second && (readouts[1] ?? readouts[0]) === readouts[0];
  const settings = { model, form, weighted: first !== undefined };
  const choice = chooseAlgorithm(settings, { n: xs.shape[0], m: (xs2 ?? xs).shape[0], symmetric }, name);
  const algorithm = createAlgorithm(choice.algorithm, settings);
  const common = { model, algorithm, tile, budget: memoryBudget / 2 };
  const x = sideOf({ ...common, params, x: xs, readouts: readouts[0], weights: first });
  const other = { params: params2, x: xs2 ?? xs, readouts: readouts[1] ?? readouts[0], weights: second };
  const y = symmetric ? x : sideOf({ ...common, ...other });
  const kernel = await pairTiles({ x, y, algorithm, model, form, tile, signal, onProgress });
  if (normalize) {
    const own = await lengthsOf(x, algorithm);
    const lengths = [own, symmetric ? own : await lengthsOf(y, algorithm)] as const;
    normalise(kernel.data as RealArray, lengths, { form, outputs: model.outputs });
  }
  return { ...choice, kernel };
}

interface Request {
  readonly model: KernelModel;
  readonly xs: Tensor;
  readonly xs2: Tensor | undefined;
  readonly form: KernelForm;
  readonly readouts: readonly (Tensor | undefined)[];
  readonly name: AlgorithmName | "auto";
  readonly tile: number;
  readonly params: readonly RealArray[];
}

function requireFit({ model, xs, xs2, form, readouts, name, tile, params }: Request): void {
  const refuse = (must: string): never => {
    throw new RangeError(`tangentKernel: ${must}`);
  };
  if (!kernelForms.includes(form)) refuse(`form must be one of ${kernelForms.join(", ")}, got ${form}`);
  if (name !== "auto" && !algorithmNames.includes(name))
    refuse(`algorithm must be one of auto, ${algorithmNames.join(", ")}, got ${name}`);
  if (!(Number.isSafeInteger(tile) && tile >= 1)) refuse(`tile must be a whole number >= 1, got ${tile}`);
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
