// Inner products of inputs as a machine's kernel, by the engine, and the Gaussian kernel that follows from them.

import type { Engine } from "../engine/engine.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { allocate, type RealArray, sizeOf, type Tensor, tensor } from "../numeric/tensor.ts";
import type { MachineKernel, MachineKernelCall } from "./machine-kernel.ts";

/** Queries in a run: enough for the engine's full rate, few enough for a few dozen megabytes. */
const TILE = 512;

const numbersOf = ({ shape: [, ...rest] }: Tensor): number => sizeOf(rest);

/**
 * x . x' of the numbers of points, in the engine's dtype: two operations a pair and number, at the engine's rate. Memory beside the result: the
 * points turned.
 */
export function productMachineKernel(engine: Engine, points: Tensor): MachineKernel {
  const [n, d] = [points.shape[0], numbersOf(points)];
  const turned = allocate(engine.dtype, n * d) as RealArray;
  for (let i = 0; i < n; i++) for (let c = 0; c < d; c++) turned[c * n + i] = Number(points.data[i * d + c]);
  const b = new GraphBuilder();
  const product = b.op("MatMul", [b.input("x", "real", ["N", d]), b.input("points", "real", [d, n])]);
  const program = engine.compile(b.build({ product }));
  const right = tensor(engine.dtype, [d, n], turned as never);
  const between = async (queries: Tensor, { signal, onProgress }: MachineKernelCall = {}): Promise<Matrix> => {
    const [count, own] = [queries.shape[0], numbersOf(queries)];
    if (own !== d)
      throw new RangeError(`productMachineKernel: queries must have ${d} numbers as points do, got ${own}`);
    const data = new Float64Array(count * n);
    for (let start = 0; start < count && n > 0; start += TILE) {
      signal?.throwIfAborted();
      const rows = Math.min(TILE, count - start);
      const x = allocate(engine.dtype, rows * d) as RealArray;
      for (let at = 0; at < x.length; at++) x[at] = Number(queries.data[start * d + at]);
      const { product: values } = await program.run({ x: tensor(engine.dtype, [rows, d], x as never), points: right });
      data.set(values.data as RealArray, start * n);
      onProgress?.({ stage: "inner products", done: start + rows, total: count });
    }
    return { dtype: "float64", shape: [count, n], data };
  };
  return {
    name: "inner product of the inputs",
    points,
    // A row alone differs from the same row in a batch in its last bits: one triangle is the other.
    matrix: async (call) => mirrored(await between(points, call)),
    between,
    diagonal: async (queries) => squaredLengths(queries, d),
  };
}

function mirrored(matrix: Matrix): Matrix {
  const [n] = matrix.shape;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) matrix.data[j * n + i] = matrix.data[i * n + j];
  return matrix;
}

function squaredLengths({ shape: [count], data }: Tensor, d: number): Float64Array {
  return Float64Array.from({ length: count }, (_, q) => {
    let total = 0;
    for (let c = 0; c < d; c++) total += Number(data[q * d + c]) ** 2;
    return total;
  });
}

/**
 * exp(-gamma |x - x'|^2) with |x - x'|^2 = x . x - 2 x . x' + x' . x': as good as the engine's dtype, gamma times some 1e-6 of the squared lengths
 * in float32, where `inputMachineKernel` with `gaussian` is float64 and takes tens of times as long for images.
 */
export function gaussianMachineKernel(engine: Engine, points: Tensor, gamma: number): MachineKernel {
  if (!(gamma > 0 && gamma < Number.POSITIVE_INFINITY))
    throw new RangeError(`gaussianMachineKernel: gamma must be a number > 0, got ${gamma}`);
  const product = productMachineKernel(engine, points);
  const own = squaredLengths(points, numbersOf(points));
  const [n] = points.shape;
  const heights = ({ shape, data }: Matrix, of: Float64Array): Matrix => {
    for (let at = 0; at < data.length; at++) {
      const square = of[Math.floor(at / n)] - 2 * data[at] + own[at % n];
      data[at] = Math.exp(-gamma * Math.max(0, square));
    }
    return { dtype: "float64", shape, data };
  };
  return {
    name: "Gaussian kernel of the inputs",
    points,
    matrix: async (call) => {
      const matrix = heights(await product.matrix(call), own);
      for (let i = 0; i < n; i++) matrix.data[i * n + i] = 1;
      return matrix;
    },
    between: async (queries, call) =>
      heights(await product.between(queries, call), squaredLengths(queries, numbersOf(queries))),
    diagonal: async ({ shape: [count] }) => new Float64Array(count).fill(1),
  };
}
