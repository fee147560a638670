// How well classes are told apart in the space of a kernel's features, from the kernel alone: a linear classifier left one out, and scatter of classes.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { requireKernel, requireLabels } from "./checks.ts";
import { classOrder } from "./class-order.ts";
import type { Modes } from "./null-space.ts";

export interface LinearSeparability {
  /** Share of examples that a linear classifier fitted to all others names rightly; ties are wrong. */
  readonly accuracy: number;
  /** The share of the largest class: what naming it always would give. */
  readonly chance: number;
  /** Score of the own class less the best other, left out, of targets +1 and -1 (N): 2 is perfect, <= 0 an error. */
  readonly margins: Float64Array;
  /** Their median. */
  readonly margin: number;
  /** lambda, in units of the kernel: the one of the ladder with the least squared error left out. */
  readonly ridge: number;
}

/**
 * <x, x'> + the mean of |x|^2: the kernel of linear functions of the inputs with an intercept, which a tangent kernel has by its biases.
 *
 * Shapes: xs (N, ...) -> (N, N). Cost: N^2 multiplications of half an example's length.
 */
export function inputGram({ shape: [n], data }: Tensor): Matrix {
  const width = n === 0 ? 0 : data.length / n;
  const x = Float64Array.from(data as RealArray);
  const result = new Float64Array(n * n);
  const row = (i: number): number => Math.min(i, n - 1) * width;
  // Two by four entries at once, since each addition waits for the one before, and numbers once read serve several.
  for (let i = 0; i < n; i += 2)
    for (let j = 0; j <= i + 1; j += 4) {
      const [e, f] = [row(i), row(i + 1)];
      const [p, q, r, s] = [row(j), row(j + 1), row(j + 2), row(j + 3)];
      let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let k = 0; k < width; k++) {
        const [u, v] = [x[e + k], x[f + k]];
        const [y0, y1, y2, y3] = [x[p + k], x[q + k], x[r + k], x[s + k]];
        a0 += u * y0;
        a1 += u * y1;
        a2 += u * y2;
        a3 += u * y3;
        b0 += v * y0;
        b1 += v * y1;
        b2 += v * y2;
        b3 += v * y3;
      }
      const found = [a0, a1, a2, a3, b0, b1, b2, b3];
      for (let at = 0; at < 8; at++) {
        const [c, d] = [i + Math.floor(at / 4), j + (at % 4)];
        if (c >= n || d > c) continue;
        result[c * n + d] = found[at];
        result[d * n + c] = found[at];
      }
    }
  let size = 0;
  for (let i = 0; i < n; i++) size += result[i * n + i] / n;
  return reals(
    [n, n],
    result.map((value) => value + size),
  );
}

/** Parts of the mean eigenvalue. */
const LADDER = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

/** U^T y: (n, C). */
function alongModes({ values, vectors: { data: u } }: Modes, y: Float64Array): Float64Array {
  const n = values.length;
  const classes = y.length / n;
  const along = new Float64Array(n * classes);
  for (let j = 0; j < n; j++)
    for (let i = 0; i < n; i++) {
      const own = u[j * n + i];
      for (let c = 0; c < classes; c++) along[j * classes + c] += own * y[i * classes + c];
    }
  return along;
}

/** Left-one-out predictions (N, C) of ridge regression, y_i - alpha_i / G_ii with G = (K + lambda I)^-1 (Allen's PRESS; Rifkin, Lippert 2007). */
function leftOut(
  { values, vectors: { data: u } }: Modes,
  { y, along, ridge }: { readonly y: Float64Array; readonly along: Float64Array; readonly ridge: number },
): Float64Array {
  const n = values.length;
  const classes = y.length / n;
  const [alpha, diagonal] = [new Float64Array(n * classes), new Float64Array(n)];
  for (let j = 0; j < n; j++) {
    const inverse = 1 / (Math.max(0, values[j]) + ridge);
    for (let i = 0; i < n; i++) {
      const own = u[j * n + i] * inverse;
      diagonal[i] += own * u[j * n + i];
      for (let c = 0; c < classes; c++) alpha[i * classes + c] += own * along[j * classes + c];
    }
  }
  return y.map((value, at) => value - alpha[at] / diagonal[Math.floor(at / classes)]);
}

const squaredDistance = (a: Float64Array, b: Float64Array): number =>
  a.reduce((total, value, at) => total + (value - b[at]) ** 2, 0);

/**
 * Whether a linear classifier in a kernel's features tells the classes apart: ridge regression of one-against-rest targets +1 and -1, each example
 * predicted by all others, in closed form. lambda is the best of 1e-5, 1e-4, ..., 10 times the mean eigenvalue by squared error left out, so that
 * the accuracy is a little optimistic. Fitted without an intercept: add a constant to a kernel that has none (`inputGram` has one).
 *
 * An example that occurs twice is told by its twin: remove duplicates before comparing. Compare kernels on the same examples alone.
 *
 * Undefined where there is nothing to tell: one class, one example, or a kernel of zeros.
 *
 * Shapes: modes all N eigenpairs of the kernel, labels (N). Cost: O(N^2 C) for each of seven ridges after the O(N^3) of the eigenpairs.
 * Errors: RangeError where they do not fit.
 *
 * @see Rifkin, Lippert 2007, Notes on regularized least squares, MIT-CSAIL-TR-2007-025; scikit-learn's RidgeCV
 */
export function linearSeparability(modes: Modes, labels: ArrayLike<number>): LinearSeparability | undefined {
  const n = modes.values.length;
  if (n === 0) throw new RangeError("linearSeparability: modes must be of an example or more, got 0");
  if (modes.vectors.data.length !== n * n)
    throw new RangeError(
      `linearSeparability: modes must be all ${n} of a kernel, got ${modes.vectors.data.length / n}`,
    );
  requireLabels("linearSeparability", labels, n);
  const { classes, counts } = classOrder(labels);
  const mean = modes.values.reduce((total, value) => total + Math.max(0, value), 0) / n;
  if (classes.length < 2 || mean === 0) return undefined;
  const y = Float64Array.from({ length: n * classes.length }, (_, at) =>
    labels[Math.floor(at / classes.length)] === classes[at % classes.length] ? 1 : -1,
  );
  const along = alongModes(modes, y);
  const tried = LADDER.map((part) => {
    const predicted = leftOut(modes, { y, along, ridge: part * mean });
    return { ridge: part * mean, predicted, error: squaredDistance(predicted, y) };
  });
  const { ridge, predicted } = tried.reduce((best, own) => (own.error < best.error ? own : best));
  const margins = Float64Array.from({ length: n }, (_, i) => {
    const scores = predicted.subarray(i * classes.length, (i + 1) * classes.length);
    const own = classes.indexOf(labels[i]);
    return scores[own] - scores.reduce((best, score, c) => (c === own ? best : Math.max(best, score)), -Infinity);
  });
  const sorted = margins.slice().sort();
  return {
    accuracy: margins.reduce((right, margin) => right + (margin > 0 ? 1 : 0), 0) / n,
    chance: Math.max(...counts) / n,
    margins,
    margin: (sorted[Math.floor((n - 1) / 2)] + sorted[Math.ceil((n - 1) / 2)]) / 2,
    ridge,
  };
}

export interface ClassScatter {
  /** sum over classes of n_c |mu_c - mu|^2, means in feature space. */
  readonly between: number;
  /** sum over examples of |phi_i - mu_c(i)|^2. */
  readonly within: number;
  /** between / (between + within), in [0, 1]: the share of the features' variance that classes explain; undefined where nothing varies. */
  readonly explained: number | undefined;
  /** (between / (k - 1)) / (within / (n - k)) of k classes: Calinski and Harabasz's index, about 1 where classes are drawn by lot; undefined where it has no value. */
  readonly calinskiHarabasz: number | undefined;
}

/**
 * Scatter of classes in a kernel's features, the traces of Fisher's two matrices, from the kernel alone: |mu_c|^2 is the mean of a class's own block.
 *
 * Shapes: kernel (N, N), labels (N). Cost: O(N^2).
 *
 * @see Fukunaga 1990, ch. 10 (tr S_b, tr S_w); Calinski, Harabasz 1974
 */
export function classScatter(kernel: Matrix, labels: ArrayLike<number>): ClassScatter {
  const n = requireKernel("classScatter", kernel);
  requireLabels("classScatter", labels, n);
  const { classes, counts } = classOrder(labels);
  const place = new Map(classes.map((label, c) => [label, c]));
  const own = new Float64Array(classes.length);
  let [all, trace, largest] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    trace += kernel.data[i * n + i];
    largest = Math.max(largest, kernel.data[i * n + i]);
    for (let j = 0; j < n; j++) {
      const value = kernel.data[i * n + j];
      all += value;
      if (labels[i] === labels[j]) own[place.get(labels[i]) as number] += value;
    }
  }
  const means = own.reduce((total, sum, c) => total + sum / counts[c], 0);
  // Differences of sums of n entries: what is below their rounding is nothing.
  const floor = 4 * n * 2 ** -52 * Math.max(trace, n * largest);
  const cut = (value: number): number => (value > floor ? value : 0);
  const [between, within] = [cut(means - all / n), cut(trace - means)];
  const [groups, rest] = [classes.length - 1, n - classes.length];
  return {
    between,
    within,
    explained: between + within === 0 ? undefined : between / (between + within),
    calinskiHarabasz: groups === 0 || rest === 0 || within === 0 ? undefined : between / groups / (within / rest),
  };
}
