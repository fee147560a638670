// Expectations over many runs: of training by minibatches, and of the stochastic differential equations that stand for it.

import type { RealArray } from "../numeric/tensor.ts";
import { type Dynamics, type FlowState, memoryOf, requireDynamics, scaleInto, squareRateOf } from "./dynamics.ts";
import { type FlowFields, requireParams } from "./field.ts";
import { leftOver } from "./gradient-flow.ts";
import { KernelIntegral } from "./history.ts";
import { centre, Noise, requireBatchSize } from "./noise.ts";

export interface SimulationOptions {
  /** Trained parameters at the start (p). */
  readonly params: RealArray;
  /** Default: gradient, which is SGD. Constants in units of 1 / time: beta = 1 - lambda eta. */
  readonly dynamics?: Dynamics;
  /** eta. */
  readonly stepSize: number;
  /** k: the end is at time k eta. */
  readonly steps: number;
  readonly batchSize: number;
  /** Paths, an even number: they come in pairs of opposite noise. */
  readonly runs: number;
  readonly seed: number;
  /** Pieces that a step is cut into by Euler and Maruyama; training with the same number and seed meets the same noise. Default 4. */
  readonly substeps?: number;
  readonly signal?: AbortSignal;
}

/** R = Q C rows. */
export interface Expectation {
  /** f(x; w_0): (R). */
  readonly prior: Float64Array;
  /** f(x) at the end of each run: (runs, R). */
  readonly outputs: Float64Array;
  /** Over the runs: (R). */
  readonly mean: Float64Array;
  /** Of the mean, from the spread of the pairs' means: (R). */
  readonly standardError: Float64Array;
}

export interface DiffusionExpectation extends Expectation {
  /** E of the kernel integral of each training example: (R, n). */
  readonly contributions: Float64Array;
  /** mean - prior - sum of contributions: (R). */
  readonly residual: Float64Array;
  /** Of the residual: (R). */
  readonly residualError: Float64Array;
}

/** Mean and standard error over pairs of runs, of values (runs, R). RangeError for fewer than two pairs, or a run without its pair. */
export function pairStatistics(
  values: Float64Array,
  rows: number,
): { mean: Float64Array; standardError: Float64Array } {
  const pairs = values.length / rows / 2;
  if (!Number.isInteger(pairs) || pairs < 2)
    throw new RangeError(`pairStatistics: runs must be an even number >= 4, got ${2 * pairs}`);
  const [mean, standardError] = [new Float64Array(rows), new Float64Array(rows)];
  for (let r = 0; r < rows; r++) {
    const of = Float64Array.from(
      { length: pairs },
      (_, j) => (values[2 * j * rows + r] + values[(2 * j + 1) * rows + r]) / 2,
    );
    mean[r] = of.reduce((total, value) => total + value, 0) / pairs;
    const squares = of.reduce((total, value) => total + (value - mean[r]) ** 2, 0);
    standardError[r] = Math.sqrt(squares / (pairs - 1) / pairs);
  }
  return { mean, standardError };
}

interface Setting {
  readonly dynamics: Dynamics;
  readonly start: FlowState;
  readonly noise: Noise;
  readonly pieces: number;
}

async function settingOf(where: string, fields: FlowFields, options: SimulationOptions): Promise<Setting> {
  const { dynamics = { kind: "gradient" }, stepSize, steps, batchSize, runs, seed, substeps: pieces = 4 } = options;
  requireParams(where, fields, options.params);
  requireDynamics(where, dynamics);
  if (!(stepSize > 0 && stepSize < Infinity))
    throw new RangeError(`${where}: stepSize must be a finite number > 0, got ${stepSize}`);
  for (const [name, count] of Object.entries({ steps, substeps: pieces }))
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`${where}: ${name} must be a positive integer, got ${count}`);
  if (!Number.isSafeInteger(runs) || runs < 4 || runs % 2 === 1)
    throw new RangeError(`${where}: runs must be an even number >= 4, got ${runs}`);
  requireBatchSize(where, batchSize, fields.examples);
  for (const c of [memoryOf(dynamics), squareRateOf(dynamics)])
    if (c !== undefined && c * stepSize > 1)
      throw new RangeError(`${where}: constants times stepSize must be at most 1, got ${c} ${stepSize}`);
  const params = Float64Array.from(options.params);
  return {
    dynamics,
    start: await startOf(fields, dynamics, { params, batchSize }),
    noise: new Noise({ seed, examples: fields.examples, pieces }),
    pieces,
  };
}

/**
 * The running mean begins at 0. RMSprop's running square begins where it rests at w_0, grad L^2 + diag Sigma: from 0 its first steps
 * are 1/sqrt(1 - beta) long, and the equation has a singularity t^{-1/2} at which no order is kept. Adam's, corrected for its bias, begins at 0.
 */
async function startOf(
  fields: FlowFields,
  dynamics: Dynamics,
  { params, batchSize }: { params: Float64Array; batchSize: number },
): Promise<FlowState> {
  const zero = new Float64Array(fields.size);
  if (dynamics.kind !== "rmsprop") return { params, mean: zero, square: zero };
  const rows = await fields.gradients(params);
  const mean = centre(rows, fields.size, batchSize);
  return { params, mean: zero, square: restingSquare(mean, rows) };
}

/** grad L^2 + diag Sigma, coordinate by coordinate. */
function restingSquare(mean: Float64Array, factor: Float64Array): Float64Array {
  const square = mean.map((g) => g * g);
  for (let k = 0; k < factor.length; k++) square[k % square.length] += factor[k] ** 2;
  return square;
}

const copyOf = ({ params, mean, square }: FlowState): FlowState => ({
  params: params.slice(),
  mean: mean.slice(),
  square: square.slice(),
});

/** Adds size F^T z of one piece: the noise sqrt(eta) F^T dW over dt, dW = sqrt(dt) z, is dt times size = sqrt(eta / dt). */
function addNoise(
  moving: Float64Array,
  factor: Float64Array,
  { numbers, piece, size }: { numbers: Float64Array; piece: number; size: number },
): void {
  const n = factor.length / moving.length;
  for (let i = 0; i < n; i++) {
    const z = size * numbers[piece * n + i];
    for (let k = 0; k < moving.length; k++) moving[k] += z * factor[i * moving.length + k];
  }
}

/**
 * Moves a state by the gradient `moving` over a time `dt`: running square of `squares`, running mean, parameters, in the order of the optimizers.
 * With dt = eta these are SGD, SGD with momentum in its averaging form, RMSprop and Adam of the appendix.
 */
function advance(
  dynamics: Dynamics,
  state: FlowState,
  {
    t,
    dt,
    moving,
    squares,
    scale,
  }: { t: number; dt: number; moving: Float64Array; squares: Float64Array; scale: Float64Array },
): void {
  const { params, mean, square } = state;
  const [c, rho] = [memoryOf(dynamics), squareRateOf(dynamics)];
  if (rho !== undefined) for (let k = 0; k < square.length; k++) square[k] += rho * dt * (squares[k] - square[k]);
  if (c !== undefined) for (let k = 0; k < mean.length; k++) mean[k] += c * dt * (moving[k] - mean[k]);
  // The rate of Cor. A.1 is read at the step, Adam's corrections after it.
  scaleInto(dynamics, dynamics.kind === "gradient" ? t : t + dt, square, scale);
  const along = c === undefined ? moving : mean;
  for (let k = 0; k < params.length; k++) params[k] -= dt * scale[k] * along[k];
}

/**
 * Trains `runs` times by minibatches of b examples, uniformly without replacement at every step, and averages the outputs (theory 1.4, (6), B.1).
 *
 *     momentum: m = beta m + (1 - beta) g_B, theta -= eta m;    rmsprop: v = beta v + (1 - beta) g_B^2, theta -= eta g_B / (sqrt(v) + eps)
 *     adam: both, with 1 - (1 - c_1 eta)^k as e^{-c_1 k eta}: the two differ by O(eta)
 *
 * Cost: runs x steps gradients of all examples. Errors: RangeError for options that do not fit; rejects with the signal's reason when aborted.
 */
export async function simulateDescent(fields: FlowFields, options: SimulationOptions): Promise<Expectation> {
  const { dynamics, start, noise } = await settingOf("simulateDescent", fields, options);
  const { rows, size: p } = fields;
  const { stepSize: dt, steps, batchSize, runs, signal } = options;
  const outputs = new Float64Array(runs * rows);
  const scale = new Float64Array(p);
  for (let run = 0; run < runs; run++) {
    const [state, numbers] = [copyOf(start), noise.of(run)];
    for (let s = 0; s < steps; s++) {
      signal?.throwIfAborted();
      const gradients = await fields.gradients(state.params);
      const moving = new Float64Array(p);
      for (const i of noise.batch(numbers.next().value, batchSize))
        for (let k = 0; k < p; k++) moving[k] += gradients[i * p + k] / batchSize;
      advance(dynamics, state, { t: s * dt, dt, moving, squares: moving.map((g) => g * g), scale });
    }
    outputs.set(await fields.values(state.params), run * rows);
  }
  return { prior: await fields.values(start.params), outputs, ...pairStatistics(outputs, rows) };
}

/**
 * Follows the stochastic differential equations of the same training by Euler and Maruyama's method, and averages outputs and kernel integrals
 * (theory 1.4, (7), (18)-(24), (32)-(34); the law of the noise is that of `noiseFactor`):
 *
 *     gradient   d theta = -alpha (grad L dt + sqrt(eta) F^T dW)
 *     momentum   dm = lambda (grad L - m) dt + lambda sqrt(eta) F^T dW, d theta = -m dt
 *     rmsprop    dv = rho (diag Sigma + grad L^2 - v) dt, d theta = -P^-1 (grad L dt + sqrt(eta) F^T dW)
 *     adam       both, with Adam's corrections
 *
 * E f(x; theta_k) = f(x; theta_0) + sum_i E I_i(x) + O(eta) (Thms 3.4 to 3.7). The dropped part is eta/2 E int tr(Sigma Hess f) dt where the noise acts on
 * the parameters themselves; `residual` is what is left against the equation's own E f. Pieces of a step add an error of O(eta / substeps).
 *
 * Cost: runs x steps x substeps gradients of all examples, and Jacobians of all rows unless `kernels` is false. Errors as `simulateDescent`.
 *
 * @see Guo, He and Morel, arXiv:2603.13872; Li, Tai and E, arXiv:1511.06251; Malladi et al., arXiv:2205.10287
 */
export async function simulateDiffusion(
  fields: FlowFields,
  options: SimulationOptions & {
    /** Whether kernel integrals are taken. Default true; without them contributions are 0 and the residual is the change. */
    readonly kernels?: boolean;
  },
): Promise<DiffusionExpectation> {
  const { dynamics, start, noise, pieces } = await settingOf("simulateDiffusion", fields, options);
  const { rows, size: p, examples } = fields;
  const { stepSize, steps, batchSize, runs, kernels = true, signal } = options;
  const [outputs, left] = [new Float64Array(runs * rows), new Float64Array(runs * rows)];
  const contributions = new Float64Array(rows * examples);
  const prior = await fields.values(start.params);
  const [dt, scale] = [stepSize / pieces, new Float64Array(p)];
  for (let run = 0; run < runs; run++) {
    const [state, numbers] = [copyOf(start), noise.of(run)];
    const integral = new KernelIntegral(dynamics, fields);
    const note = async (t: number, gradients: Float64Array): Promise<void> =>
      integral.add({ t, square: state.square, gradients, jacobians: await fields.jacobians(state.params) });
    // Adam's factor is 0/0 at t = 0: its first piece counts as the integrand at its end.
    const from = dynamics.kind === "adam" ? 1 : 0;
    let drawn = numbers.next().value;
    for (let piece = 0; piece < steps * pieces; piece++) {
      signal?.throwIfAborted();
      if (piece > 0 && piece % pieces === 0) drawn = numbers.next().value;
      const gradients = await fields.gradients(state.params);
      if (kernels && piece >= from) await note(piece * dt, gradients.slice());
      const moving = centre(gradients, p, batchSize);
      const squares = restingSquare(moving, gradients);
      addNoise(moving, gradients, { numbers: drawn, piece: piece % pieces, size: Math.sqrt(stepSize / dt) });
      advance(dynamics, state, { t: piece * dt, dt, moving, squares, scale });
    }
    if (kernels) await note(steps * stepSize, await fields.gradients(state.params));
    const output = await fields.values(state.params);
    outputs.set(output, run * rows);
    const own = integral.values();
    left.set(leftOver(output, prior, own), run * rows);
    for (let k = 0; k < own.length; k++) contributions[k] += own[k] / runs;
  }
  const { mean: residual, standardError: residualError } = pairStatistics(left, rows);
  return { prior, outputs, ...pairStatistics(outputs, rows), contributions, residual, residualError };
}
