// How lazy a training will be, before it begins: kappa = |f - y| |D^2 f| / |D f|^2 (Chizat, Oyallon, Bach 2019).

import { jvp } from "../differentiate/forward.ts";
import { vjp } from "../differentiate/reverse.ts";
import { builderOf } from "../graph/builder.ts";
import { fullLike, reshape } from "../graph/ops.ts";
import { flatInput } from "../graph/outputs.ts";
import type { Graph, Value } from "../graph/types.ts";
import { COTANGENT, PULLED, TANGENT } from "../kernels/derivative-graphs.ts";
import { cachedGraph } from "../kernels/graph-cache.ts";
import { kernelSpectrum } from "../kernels/spectrum.ts";
import type { KernelModel } from "../kernels/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { lanczos } from "../numeric/linear-algebra/lanczos.ts";
import { lengthOf } from "../numeric/linear-algebra/vectors.ts";
import { type Random, randomFrom } from "../numeric/random.ts";
import { allocate, type RealArray, reals, sizeOf, sliceRows, type Tensor, toReal } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import { examplesOf } from "../train/examples.ts";
import { examplesPerTile } from "../train/stepper.ts";
import type { Task } from "../train/task.ts";

export interface LazinessOptions {
  /** Examples (N, ...), and what is to be learned of them (N, C). */
  readonly xs: Tensor;
  readonly targets: Tensor;
  /** Random directions that the search for |D^2 f| begins from. Default 3. */
  readonly starts?: number;
  /** Default: stream "laziness" of seed 0. */
  readonly random?: Random;
  readonly signal?: AbortSignal | undefined;
}

export interface Laziness {
  /** |f - y| over all examples and outputs. */
  readonly distance: number;
  /** |D f|: the largest singular value of the Jacobian, of all N C outputs by P parameters. */
  readonly slope: number;
  /** |D^2 f|: the largest |D^2 f[u, u]| over unit vectors u, of those that the search ended at. */
  readonly curvature: number;
  /** That u (P). */
  readonly direction: Float64Array;
  /** kappa; undefined where D f is 0. */
  readonly ratio: number | undefined;
}

/** D^2 f[u, u] as `curvature` (N, C), and the sum of c_n D^2 f_n[u, .] as `pulled.NAME`, of u as `tangent.NAME` and c as the cotangent. */
function bendGraph({ split, layout }: KernelModel): Graph {
  const { b, inputs, values } = builderOf(split.head);
  const y = values.get("y") as Value;
  const tangents = layout.entries.map(({ name, shape }) => ({
    value: inputs[name],
    tangent: b.input(TANGENT + name, "real", shape),
  }));
  const cotangent = flatInput(b, COTANGENT, y);
  const first = jvp(b, tangents, [y])[0] ?? fullLike(b, y, 0);
  const second = jvp(b, tangents, [first])[0] ?? fullLike(b, y, 0);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const pulled = vjp(b, [{ value: first, cotangent }], parameters);
  return b.build({
    curvature: reshape(b, second, ["N", sizeOf(y.shape.slice(1) as readonly number[])]),
    ...Object.fromEntries(
      parameters.map(({ name }, i) => [PULLED + name, pulled[i] ?? fullLike(b, parameters[i], 0)] as const),
    ),
  });
}

interface Bend {
  /** D^2 f[u, u]: (N C). */
  readonly along: Float64Array;
  /** sum over outputs of c D^2 f[u, .]: (P). */
  readonly pulled: Float64Array;
}

/** Second derivatives at fixed parameters of fixed examples, in any direction. */
function bendsOf(model: KernelModel, params: RealArray, xs: Tensor, signal?: AbortSignal) {
  const { engine, layout, frozen, outputs } = model;
  const graph = cachedGraph(model, "bend", bendGraph);
  const program = engine.compile(graph);
  const source = examplesOf(model, { x: xs });
  const tile = Math.min(1024, examplesPerTile(graph));
  const tangent = allocate(engine.dtype, layout.size) as RealArray;
  const base = { ...frozen, ...viewsOf(layout, params) };
  return async (u: Float64Array, c: Float64Array): Promise<Bend> => {
    tangent.set(u);
    const fixed = { ...base, ...viewsOf(layout, tangent, TANGENT) };
    const along = new Float64Array(source.count * outputs);
    const pulled = new Float64Array(layout.size);
    for (let start = 0; start < source.count; start += tile) {
      signal?.throwIfAborted();
      const rows = Int32Array.from({ length: Math.min(tile, source.count - start) }, (_, k) => start + k);
      const cotangent = toReal(sliceRows(reals([source.count, outputs], c), start, start + rows.length), engine.dtype);
      const results = await program.run({ ...fixed, [COTANGENT]: cotangent, ...(await source.feeds(rows)) });
      along.set(results.curvature.data as RealArray, start * outputs);
      for (const { name, offset } of layout.entries)
        (results[PULLED + name].data as RealArray).forEach((value, k) => {
          pulled[offset + k] += value;
        });
    }
    return { along, pulled };
  };
}

const unit = (v: Float64Array): Float64Array => {
  const length = lengthOf(v);
  return length === 0 ? v : v.map((value) => value / length);
};

/** Rounds of one search at most, and the rise below which it ends. */
const [MOST_ROUNDS, SETTLED] = [50, 1e-6];

/**
 * One search: with c = D^2 f[u, u] / |.| fixed, the u of the largest eigenvalue of sum c D^2 f makes |D^2 f[u, u]| no smaller, since c is one of the
 * unit vectors that it is a maximum over.
 */
async function climb(
  bend: ReturnType<typeof bendsOf>,
  start: Float64Array,
  { random, tolerance, none }: { readonly random: Random; readonly tolerance: number; readonly none: Float64Array },
): Promise<{ readonly curvature: number; readonly direction: Float64Array }> {
  let direction = start;
  let { along } = await bend(direction, none);
  let curvature = lengthOf(along);
  for (let round = 0; round < MOST_ROUNDS && curvature > 0; round++) {
    const c = unit(along);
    const product = async (v: Float64Array): Promise<Float64Array> => (await bend(v, c)).pulled;
    const { vectors } = await lanczos(product, direction.length, 1, { random, tolerance });
    const next = vectors.data.slice();
    ({ along } = await bend(next, none));
    const risen = lengthOf(along);
    if (!(risen > curvature)) break;
    direction = next;
    const settled = risen <= (1 + SETTLED) * curvature;
    curvature = risen;
    if (settled) break;
  }
  return { curvature, direction };
}

/**
 * Chizat's kappa at `params`: how much the derivative turns, relative to itself, on the way that training has to go.
 *
 *     kappa = |f - y| |D^2 f| / |D f|^2        (theory: Richness)
 *
 * To learn y the parameters move by about |f - y| / |D f|, and D f turns by |D^2 f| a unit of that: kappa << 1 says that training is lazy. It is
 * 1/alpha times as large for alpha (f - f_0) wherever targets are the same. Norms are of linear and bilinear maps into all N C outputs.
 * |D^2 f| is found by climbing from random directions: a lower bound, exact where a climb ends at the highest point. Kinks (ReLU) bend a
 * function where second derivatives are 0 and are not seen.
 *
 * Shapes: xs (N, ...), targets (N, C). Cost: the kernel of the examples (order N C), and some hundreds of passes forwards and backwards.
 * Errors: RangeError for what does not fit.
 *
 * @see Chizat, Oyallon, Bach 2019, arXiv:1812.07956, section 1.2
 */
export async function measureLaziness(
  task: Task,
  params: RealArray,
  { xs, targets, starts = 3, random = randomFrom(0, "laziness"), signal }: LazinessOptions,
): Promise<Laziness> {
  const { outputs, layout, engine } = task;
  const examples = xs.shape[0];
  if (examples === 0) throw new RangeError(`measureLaziness: xs must hold an example, got [${xs.shape}]`);
  if (targets.data.length !== examples * outputs)
    throw new RangeError(`measureLaziness: targets must have shape [${[examples, outputs]}], got [${targets.shape}]`);
  if (!(Number.isSafeInteger(starts) && starts >= 1))
    throw new RangeError(`measureLaziness: starts must be a whole number >= 1, got ${starts}`);
  const y = await predict(task, params, { x: xs });
  const distance = lengthOf(y.map((value, k) => value - Number(targets.data[k])));
  const { values } = await kernelSpectrum(task, params, xs, {
    form: "blocks",
    largest: 1,
    vectors: false,
    ...(signal && { signal }),
  });
  const slope = Math.sqrt(Math.max(0, values[0]));
  const bend = bendsOf(task, params, xs, signal);
  const tolerance = engine.dtype === "float64" ? 1e-8 : 1e-4;
  const none = new Float64Array(examples * outputs);
  let best: Pick<Laziness, "curvature" | "direction"> = { curvature: -1, direction: new Float64Array(layout.size) };
  for (let k = 0; k < starts; k++) {
    const start = unit(Float64Array.from({ length: layout.size }, () => random.normal()));
    const found = await climb(bend, start, { random, tolerance, none });
    if (found.curvature > best.curvature) best = found;
  }
  const ratio = slope === 0 ? undefined : (distance * best.curvature) / slope ** 2;
  return { distance, slope, ...best, ratio };
}
