// The empirical tangent kernel K(x, x') = J(x; w) J(x'; w')^T of any model, tile by tile.

import { allocate, type RealArray, type Tensor, toReal } from "../numeric/tensor.ts";
import { examplesOf } from "../train/examples.ts";
import type { Progress } from "../train/train.ts";
import type { KernelAlgorithm, Prepared } from "./algorithm.ts";
import { type Choice, chooseAlgorithm, createAlgorithm } from "./choose.ts";
import { entryShape, SEEDS } from "./form.ts";
import type { AlgorithmName, KernelForm, KernelModel } from "./types.ts";

export interface TangentKernelOptions {
  /** Default `trace`. */
  readonly form?: KernelForm;
  /** Coefficients of the outputs, (N, C) for xs and (M, C) for xs2: for the form `readout`. */
  readonly readouts?: readonly [Tensor, Tensor?];
  /** Parameters at which the second side's Jacobians are taken (two-time kernel, Guo et al. Def. 3.2); default: those of the first. */
  readonly params2?: RealArray;
  /** Diagonal of M in J M J'^T (p), for instance a preconditioner (Guo et al. Def. 3.3). */
  readonly weights?: Float64Array;
  /** Divide by sqrt(K(x, x) K(x', x')). */
  readonly normalize?: boolean;
  readonly algorithm?: AlgorithmName | "auto";
  /** Bytes that prepared examples may take beside the result. Default 1 GiB. */
  readonly memoryBudget?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface TangentKernel extends Choice {
  /** (N, M), (N, M, C) or (N, M, C, C). */
  readonly kernel: Tensor;
}

const DEFAULT_BUDGET = 2 ** 30;
/** Examples of one tile: enough for products to run at the engine's full rate, few enough that a tile takes well under a second. */
const TILE = 256;

interface Side {
  readonly count: number;
  prepare(tile: number): Promise<Prepared>;
}

interface SideOptions {
  readonly model: KernelModel;
  readonly algorithm: KernelAlgorithm;
  readonly params: RealArray;
  readonly x: Tensor;
  readonly readouts: Tensor | undefined;
  readonly weights: Float64Array | undefined;
  readonly budget: number;
}

/** A side whose prepared tiles are kept while they fit the budget, the first ones first. */
function sideOf({ model, algorithm, params, x, readouts, weights, budget }: SideOptions): Side {
  const source = examplesOf(model as never, { x: x as never });
  const { dtype } = model.engine;
  const kept = new Map<number, Prepared>();
  let bytes = 0;
  const prepare = async (tile: number): Promise<Prepared> => {
    const known = kept.get(tile);
    if (known) return known;
    const [start, end] = [tile * TILE, Math.min(source.count, (tile + 1) * TILE)];
    const rows = Int32Array.from({ length: end - start }, (_, k) => start + k);
    const feeds: Record<string, Tensor> = { ...(await source.feeds(rows)) };
    if (readouts) {
      const { data, shape } = toReal(readouts, dtype);
      feeds[SEEDS] = {
        dtype,
        shape: [end - start, shape[1]],
        data: data.slice(start * shape[1], end * shape[1]) as never,
      };
    }
    const prepared = await algorithm.prepare({ params, feeds, count: end - start, weights });
    if (bytes + prepared.bytes <= budget) {
      bytes += prepared.bytes;
      kept.set(tile, prepared);
    }
    return prepared;
  };
  return { count: source.count, prepare };
}

/** Copies the entries of a tile pair to their place, and to the mirrored one. */
function place(
  kernel: RealArray,
  entries: RealArray,
  at: { row: number; column: number; n: number; m: number; width: number; size: number },
): void {
  const { row, column, n, m, width, size } = at;
  for (let i = 0; i < n; i++) {
    kernel.set(entries.subarray(i * m * size, (i + 1) * m * size), ((row + i) * width + column) * size);
  }
}

/** K[j, i] = K[i, j]^T for all pairs of examples below the diagonal of tiles. */
function mirror(kernel: RealArray, n: number, outputs: number): void {
  const size = outputs * outputs;
  for (let i = 0; i < n; i++) {
    for (let j = Math.floor(i / TILE + 1) * TILE; j < n; j++) {
      const [from, to] = [(i * n + j) * size, (j * n + i) * size];
      for (let c = 0; c < outputs; c++)
        for (let d = 0; d < outputs; d++) kernel[to + d * outputs + c] = kernel[from + c * outputs + d];
    }
  }
}

/** Lengths of every example of a side, one tile after another. */
async function lengthsOf(side: Side, algorithm: KernelAlgorithm): Promise<Float64Array> {
  const parts: RealArray[] = [];
  for (let tile = 0; tile * TILE < side.count; tile++) parts.push(await algorithm.lengths(await side.prepare(tile)));
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}

/** Divides every entry by the square roots of both lengths; 0 where a length is 0. */
function normalise(
  kernel: RealArray,
  lengths: readonly [Float64Array, Float64Array],
  form: KernelForm,
  outputs: number,
): void {
  const [x, y] = lengths.map((values) => values.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0)));
  const apart = form === "blocks" || form === "diagonal";
  const seeds = apart ? outputs : 1;
  const [n, m] = [x.length / seeds, y.length / seeds];
  for (let i = 0, k = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      for (let c = 0; c < seeds; c++) {
        const others = form === "blocks" ? outputs : 1;
        for (let d = 0; d < others; d++, k++)
          kernel[k] *= x[i * seeds + c] * y[j * seeds + (form === "blocks" ? d : c)];
      }
    }
  }
}

/** Square roots of non-negative weights go to both sides, so that K stays symmetric; others cannot. */
function splitWeights(
  weights: Float64Array | undefined,
  size: number,
  normalize: boolean,
): [Float64Array?, Float64Array?] {
  if (!weights) return [];
  if (weights.length !== size)
    throw new RangeError(`tangentKernel: weights must hold ${size} numbers, got ${weights.length}`);
  if (weights.every((value) => value >= 0)) {
    const root = weights.map(Math.sqrt);
    return [root, root];
  }
  if (normalize) throw new RangeError("tangentKernel: a normalised kernel needs weights >= 0");
  return [weights, new Float64Array(size).fill(1)];
}

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
  if ((form === "readout") !== (readouts[0] !== undefined)) {
    throw new RangeError(
      `tangentKernel: coefficients must be given for the form readout, and for no other, got form ${form}`,
    );
  }
  const [first, second] = splitWeights(options.weights, model.layout.size, normalize);
  const symmetric = xs2 === undefined && options.params2 === undefined && first === second;
  const settings = { model, form, weighted: first !== undefined };
  const counts = [xs.shape[0], (xs2 ?? xs).shape[0]] as const;
  const choice = chooseAlgorithm(settings, counts, options.algorithm ?? "auto");
  const algorithm = createAlgorithm(choice.algorithm, settings);
  const common = { model, algorithm, budget: memoryBudget / 2 };
  const x = sideOf({ ...common, params, x: xs, readouts: readouts[0], weights: first });
  const y = symmetric
    ? x
    : sideOf({
        ...common,
        params: options.params2 ?? params,
        x: xs2 ?? xs,
        readouts: readouts[1] ?? readouts[0],
        weights: second,
      });
  const kernel = await pairTiles({ x, y, algorithm, symmetric, form, model, options });
  if (normalize) {
    const own = await lengthsOf(x, algorithm);
    normalise(kernel.data as RealArray, [own, symmetric ? own : await lengthsOf(y, algorithm)], form, model.outputs);
  }
  return { ...choice, kernel };
}

interface Pairing {
  readonly x: Side;
  readonly y: Side;
  readonly algorithm: KernelAlgorithm;
  readonly symmetric: boolean;
  readonly form: KernelForm;
  readonly model: KernelModel;
  readonly options: TangentKernelOptions;
}

async function pairTiles({ x, y, algorithm, symmetric, form, model, options }: Pairing): Promise<Tensor> {
  const entry = entryShape(form, model.outputs);
  const size = entry.reduce((product, axis) => product * axis, 1);
  const data = allocate(model.engine.dtype, x.count * y.count * size) as RealArray;
  const [rows, columns] = [Math.ceil(x.count / TILE), Math.ceil(y.count / TILE)];
  const total = symmetric ? (rows * (rows + 1)) / 2 : rows * columns;
  let done = 0;
  for (let i = 0; i < rows; i++) {
    const left = await x.prepare(i);
    for (let j = symmetric ? i : 0; j < columns; j++) {
      options.signal?.throwIfAborted();
      const right = symmetric && i === j ? left : await y.prepare(j);
      const entries = await algorithm.pair(left, right);
      place(data, entries, { row: i * TILE, column: j * TILE, n: left.count, m: right.count, width: y.count, size });
      options.onProgress?.({ stage: "kernel", done: ++done, total });
    }
  }
  if (symmetric) mirrorForm(data, x.count, form, model.outputs);
  return { dtype: model.engine.dtype, shape: [x.count, y.count, ...entry], data: data as never };
}

/** Mirrors each kind of entry: blocks are transposed, the others copied. */
function mirrorForm(kernel: RealArray, n: number, form: KernelForm, outputs: number): void {
  if (form === "blocks") return mirror(kernel, n, outputs);
  const size = form === "diagonal" ? outputs : 1;
  for (let i = 0; i < n; i++) {
    for (let j = Math.floor(i / TILE + 1) * TILE; j < n; j++) {
      for (let c = 0; c < size; c++) kernel[(j * n + i) * size + c] = kernel[(i * n + j) * size + c];
    }
  }
}
