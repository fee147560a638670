// What solves and spectra of kernels are asked alike: the form, the budget, the method, and whether the arguments fit.

import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import type { LinearAlgebra } from "../numeric/linear-algebra/types.ts";
import type { Tensor } from "../numeric/tensor.ts";
import { type MatrixForm, matrixForms } from "./gram-matrix.ts";
import { type MatrixMethod, type MatrixRequest, matrixMethods, type ProductKind, productKinds } from "./matrix-plan.ts";
import type { TangentKernelOptions } from "./tangent-kernel.ts";
import type { KernelModel } from "./types.ts";

export interface KernelMatrixOptions extends Pick<TangentKernelOptions, "weights" | "tile" | "signal" | "onProgress"> {
  /** Default `trace`. */
  readonly form?: MatrixForm;
  /** Coefficients of the outputs (N, C): for the form `readout`. */
  readonly readouts?: Tensor;
  /** Default `auto`: `dense` where the matrix fits the budget, else `iterative`, by products with vectors. */
  readonly method?: MatrixMethod | "auto";
  /** What the iterative method's products are made of. Default `auto`: what costs fewer counted FLOPs. */
  readonly products?: ProductKind | "auto";
  /** Bytes beside the examples, the result and the process itself, the matrix among them; counted. Default 2 GiB. */
  readonly memoryBudget?: number;
  /** Of the iterative method, relative: of residuals by the right side, or by the largest eigenvalue. Default 1e-10, 1e-5 in float32. */
  readonly tolerance?: number;
  /** Products of the matrix with a vector at most, for the iterative method (a right side; the whole spectrum). Default 1000. */
  readonly maxProducts?: number;
  /** Default: the fastest that is there. */
  readonly algebra?: LinearAlgebra;
}

const DEFAULT_BUDGET = 2 ** 31;
const DEFAULT_TILE = 256;
const TOLERANCES = { float32: 1e-5, float64: 1e-10 } as const;

export type Settings = Pick<
  MatrixRequest,
  "form" | "examples" | "weighted" | "method" | "products" | "memoryBudget" | "tile"
>;

/** The options with their defaults; RangeError for those that do not fit. */
export function settingsOf(
  where: string,
  model: KernelModel,
  xs: Tensor,
  { form = "trace", readouts, method = "auto", products = "auto", ...options }: KernelMatrixOptions,
): Settings {
  const { memoryBudget = DEFAULT_BUDGET, tile = DEFAULT_TILE, weights } = options;
  const refuse = (must: string): never => {
    throw new RangeError(`${where}: ${must}`);
  };
  const [examples] = xs.shape;
  if (!matrixForms.includes(form)) refuse(`form must be one of ${matrixForms.join(", ")}, got ${form}`);
  if (method !== "auto" && !matrixMethods.includes(method))
    refuse(`method must be one of auto, ${matrixMethods.join(", ")}, got ${method}`);
  if (products !== "auto" && !productKinds.includes(products))
    refuse(`products must be one of auto, ${productKinds.join(", ")}, got ${products}`);
  if (!(memoryBudget >= 0)) refuse(`memoryBudget must be a number of bytes, got ${memoryBudget}`);
  if ((form === "readout") !== (readouts !== undefined))
    refuse(`readouts must be given for the form readout, and for no other, got form ${form}`);
  if (
    readouts &&
    (readouts.shape.length !== 2 || readouts.shape[0] !== examples || readouts.shape[1] !== model.outputs)
  )
    refuse(`readouts must have shape [${examples},${model.outputs}], got [${readouts.shape}]`);
  const wrong = (["tolerance", "maxProducts"] as const).find((name) => !((options[name] ?? 1) > 0));
  if (wrong) refuse(`${wrong} must be a number > 0, got ${options[wrong]}`);
  return { form, examples, weighted: weights !== undefined, method, products, memoryBudget, tile };
}

export const toleranceOf = (model: KernelModel, { tolerance }: KernelMatrixOptions): number =>
  tolerance ?? TOLERANCES[model.engine.dtype];

let fastest: Promise<LinearAlgebra> | undefined;

/** The algebra given, or the fastest that is there. */
export function algebraOf({ algebra }: Pick<KernelMatrixOptions, "algebra">): Promise<LinearAlgebra> | LinearAlgebra {
  fastest ??= algebra ? undefined : openLinearAlgebra();
  return algebra ?? (fastest as Promise<LinearAlgebra>);
}

/** What filling the matrix and multiplying by it take alike. */
export const sharedOptions = (
  settings: Settings,
  { readouts, weights, signal }: KernelMatrixOptions,
  memoryBudget: number,
) => ({
  form: settings.form,
  tile: settings.tile,
  memoryBudget,
  ...(readouts && { readouts }),
  ...(weights && { weights }),
  ...(signal && { signal }),
});
