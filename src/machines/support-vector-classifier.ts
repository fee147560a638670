// Support vector classification over any kernel, one against one, as a kernel machine (Cortes and Vapnik 1995).

import type { KernelMachine, Link } from "../kernels/kernel-machine.ts";
import type { MachineKernel } from "../kernels/machine-kernel.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { randomFrom } from "../numeric/random.ts";
import { reals, type Tensor } from "../numeric/tensor.ts";
import { type ClassPair, classPairs, probabilitiesLink, votesLink } from "./class-pairs.ts";
import { type DualReport, type SvmSolver, solveBy } from "./dual-solver.ts";
import { fitSigmoid, type Sigmoid } from "./platt.ts";
import type { DualProblem } from "./smo.ts";
import {
  constantPrior,
  type SupportVectorOptions,
  type SupportVectors,
  supportVectorsOf,
  svmMatrix,
  svmSettings,
} from "./support-vectors.ts";
import { classTargets } from "./targets.ts";

export interface PlattOptions {
  /** Of the folds; the same seed gives the same probabilities. */
  readonly seed: number;
  /** Default 5. */
  readonly folds?: number;
}

export interface SupportVectorClassifierOptions extends SupportVectorOptions {
  /** Makes outputs probabilities of the classes, in the place of votes. */
  readonly probability?: PlattOptions;
}

export interface SupportVectorClassifier extends KernelMachine, SupportVectors {
  /** The K classes, ascending: what the columns of outputs stand for. */
  readonly classes: readonly number[];
  /** Of each decision value, P = K (K - 1) / 2 of them, its classes. */
  readonly pairs: readonly { readonly negative: number; readonly positive: number }[];
}

/** A pair's points and its problem. */
interface PairProblem {
  readonly members: Int32Array;
  readonly problem: DualProblem;
}

/**
 * Support vector machines for all pairs of classes, with decision values
 *
 *     f_p(x) = sum_i K(x, x_i) s_i alpha_pi + b_p,    0 <= alpha_pi <= C, s_i = 1 for the higher class of the pair, -1 for the lower
 *
 * that minimise 1/2 |w|^2 + C sum_i max(0, 1 - s_i f_p(x_i)). As a kernel machine: coefficients s_i alpha_pi (N, P), prior b (P), link votes or
 * probabilities (Q, K); `winners(output, classes)` are the predictions. Over a tangent kernel it is the linear machine on tangent features.
 *
 * Two classes have one decision value, above zero for the higher class; scikit-learn's for more than two (ovo) have the opposite sign.
 * Probabilities: Platt's sigmoid on decision values of cross-validation, whose folds are drawn from `seed` (libsvm draws them at random), coupled
 * by Wu, Lin and Weng's second method. Their largest need not be the winner of the votes.
 *
 * Memory: K (N, N), and that of a pair. Cost: a solve for each pair, and `folds` more with probabilities.
 * Errors: RangeError for what does not fit and one class; InvalidDataError for numbers that are not finite; NumericalError where steps are not enough.
 */
export async function supportVectorClassifier(
  kernel: MachineKernel,
  labels: Tensor,
  options: SupportVectorClassifierOptions = {},
): Promise<SupportVectorClassifier> {
  const where = "supportVectorClassifier";
  const settings = svmSettings(where, kernel, options);
  const { probability, onProgress } = options;
  const folds = probability?.folds ?? 5;
  if (!(Number.isSafeInteger(folds) && folds >= 2))
    throw new RangeError(`${where}: folds must be a whole number >= 2, got ${folds}`);
  const [n] = kernel.points.shape;
  const { classes, places } = classTargets(where, labels, n);
  if (classes.length < 2) throw new RangeError(`${where}: labels must be of at least two classes, got one`);
  const matrix = await svmMatrix(where, kernel, options);
  const pairs = classPairs(classes.length);
  const coefficients = new Float64Array(n * pairs.length);
  const bias = new Float64Array(pairs.length);
  const reports: DualReport[] = [];
  const sigmoids: Sigmoid[] = [];
  for (const [p, pair] of pairs.entries()) {
    const { members, problem } = pairProblem(matrix, places, pair, settings.cost);
    const found = await solveBy(problem, settings);
    bias[p] = found.bias;
    reports.push(found.report);
    for (const [at, i] of members.entries()) coefficients[i * pairs.length + p] = found.coefficients[at];
    if (probability)
      sigmoids.push(await sigmoidOfPair(problem, { ...settings, folds, seed: probability.seed, pair: p }));
    onProgress?.({ stage: "support vectors", done: p + 1, total: pairs.length });
  }
  const link: Link = probability ? probabilitiesLink(classes.length, sigmoids) : votesLink(classes.length);
  return {
    name: `support vector classification by the ${kernel.name}, C ${settings.cost}`,
    outputs: pairs.length,
    points: kernel.points,
    kernel: (queries) => kernel.between(queries),
    coefficients: reals([n, pairs.length], coefficients),
    prior: constantPrior(bias),
    link,
    classes,
    pairs: pairs.map(({ negative, positive }) => ({ negative: classes[negative], positive: classes[positive] })),
    ...supportVectorsOf(coefficients, bias, reports),
  };
}

function pairProblem(matrix: Matrix, places: Int32Array, { negative, positive }: ClassPair, cost: number): PairProblem {
  const members = Int32Array.from(places.keys()).filter((i) => places[i] === negative || places[i] === positive);
  const signs = Int8Array.from(members, (i) => (places[i] === positive ? 1 : -1));
  return { members, problem: classProblem(matrix, members, signs, cost) };
}

/** The problem of some of a matrix's points. */
function classProblem({ data, shape }: Matrix, members: Int32Array, signs: Int8Array, cost: number): DualProblem {
  const [m, n] = [members.length, shape[0]];
  const own = new Float64Array(m * m);
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) own[i * m + j] = data[members[i] * n + members[j]];
  return {
    kernel: { dtype: "float64", shape: [m, m], data: own },
    points: Int32Array.from(members.keys()),
    signs,
    linear: new Float64Array(m).fill(-1),
    cost,
  };
}

interface FoldOptions {
  readonly cost: number;
  readonly tolerance: number;
  readonly solver: SvmSolver;
  readonly signal?: AbortSignal | undefined;
  readonly folds: number;
  readonly seed: number;
  readonly pair: number;
}

/** The sigmoid of decision values that each point has from the machine of the other folds. */
async function sigmoidOfPair(
  { kernel, signs }: DualProblem,
  { folds, seed, pair, ...settings }: FoldOptions,
): Promise<Sigmoid> {
  const m = signs.length;
  const fold = foldsOf(m, folds, seed, pair);
  const decisions = new Float64Array(m);
  for (let f = 0; f < folds; f++) {
    const rest = Int32Array.from(fold.keys()).filter((i) => fold[i] !== f);
    const own = Int8Array.from(rest, (i) => signs[i]);
    const both = own.includes(1) && own.includes(-1);
    const found = both ? await solveBy(classProblem(kernel, rest, own, settings.cost), settings) : undefined;
    for (let i = 0; i < m; i++) {
      if (fold[i] !== f) continue;
      // Of one class alone its sign, of none nothing, as libsvm does.
      decisions[i] = found
        ? rest.reduce((total, j, at) => total + kernel.data[i * m + j] * found.coefficients[at], found.bias)
        : (own[0] ?? 0);
    }
  }
  return fitSigmoid(
    decisions,
    Array.from(signs, (sign) => sign > 0),
  );
}

/** Of each of m points its fold, sizes equal to one. */
function foldsOf(m: number, folds: number, seed: number, pair: number): Int32Array {
  const order = randomFrom(seed, `folds of pair ${pair}`).permutation(m);
  const fold = new Int32Array(m);
  for (const [rank, i] of order.entries()) fold[i] = rank % folds;
  return fold;
}
