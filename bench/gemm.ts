// The machine's practical limit: a product of two 1024 x 1024 matrices in float32, by our engine and by PyTorch.

import { openEngine } from "../src/engine/engine.ts";
import { GraphBuilder } from "../src/graph/builder.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { type Tensor, tensor, zeros } from "../src/numeric/tensor.ts";
import { type BenchCase, measure, type Prepared } from "./case.ts";
import { agree } from "./reference.ts";
import { torchResult } from "./torch.ts";

const SIZE = 1024;
const FLOPS = 2 * SIZE ** 3;
/** Rows of the product that are compared with sums in float64. */
const CHECKED = [0, 511, 1023];

function randomMatrix(seed: number): Tensor<"float32"> {
  const random = randomFrom(seed, "data");
  return tensor(
    "float32",
    [SIZE, SIZE],
    Float32Array.from({ length: SIZE * SIZE }, () => random.normal()),
  );
}

/** Rows of a b, one sum after another. */
function slowRows(a: Tensor<"float32">, b: Tensor<"float32">, rows: readonly number[]): number[] {
  return rows.flatMap((i) =>
    Array.from({ length: SIZE }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < SIZE; k++) sum += a.data[i * SIZE + k] * b.data[k * SIZE + j];
      return sum;
    }),
  );
}

async function prepare(threads: number): Promise<Prepared> {
  const engine = await openEngine({ dtype: "float32", threads, warn: console.warn });
  const builder = new GraphBuilder();
  const [x, y] = ["a", "b"].map((name) => builder.input(name, "real", [SIZE, SIZE]));
  const program = engine.compile(builder.build({ product: builder.op("MatMul", [x, y]) }));
  const [a, b, product] = [randomMatrix(1), randomMatrix(2), zeros("float32", [SIZE, SIZE])];
  const work = () => program.run({ a, b }, { product });
  const check = async (): Promise<number> => {
    await work();
    const rows = CHECKED.flatMap((i) => Array.from(product.data.subarray(i * SIZE, (i + 1) * SIZE)));
    return agree("the product", rows, slowRows(a, b, CHECKED));
  };
  return { work, units: 1, check, release: () => engine.release() };
}

export const gemm: BenchCase = {
  about: "a product of two 1024 x 1024 matrices by the engine",
  prepare,
  least: [{ what: "2 n^3", flops: FLOPS }],
};

export interface Peaks {
  /** GFLOP/s. */
  readonly ours: number;
  /** 0 without PyTorch. */
  readonly torch: number;
}

function torchPeak(): number {
  try {
    return torchResult("gemm_float32_gflops");
  } catch {
    console.error("no PyTorch here: the peak is that of our engine alone");
    return 0;
  }
}

/** Both products, each at its faster number of threads; the best of now and of an earlier time of the same run. */
export async function measurePeaks(before: Peaks = { ours: 0, torch: 0 }): Promise<Peaks> {
  const ours = FLOPS / 1e6 / (await measure(gemm)).ms;
  return { ours: Math.max(before.ours, ours), torch: Math.max(before.torch, torchPeak()) };
}

/** GFLOP/s that shares are of. */
export const largerPeak = ({ ours, torch }: Peaks): number => Math.max(ours, torch);

/** One line. */
export function peakLine({ ours, torch }: Peaks): string {
  const theirs = torch === 0 ? "not installed" : torch.toFixed(1);
  return `Peak, GFLOP/s of a 1024 product in float32: our engine ${ours.toFixed(1)}, PyTorch ${theirs}.`;
}
