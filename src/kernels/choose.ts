// Which algorithm a kernel is computed by: counted, not guessed.

import { flopsOf } from "../graph/cost.ts";
import type { AlgorithmOptions, KernelAlgorithm, Prepared } from "./algorithm.ts";
import { factoredAlgorithm, factoredGraphs } from "./factored.ts";
import { pairGraph } from "./factors.ts";
import { seedCount } from "./form.ts";
import { jacobianContraction } from "./jacobian-contraction.ts";
import type { AlgorithmName } from "./types.ts";
import { vectorProducts } from "./vector-products.ts";

export interface Choice {
  readonly algorithm: AlgorithmName;
  /** One sentence. */
  readonly reason: string;
  /** Floating-point operations of each algorithm for the whole kernel; absent where the model does not admit it. */
  readonly flops: Readonly<Partial<Record<AlgorithmName, number>>>;
}

const withoutFactors = () =>
  new RangeError(
    "tangentKernel: algorithm factored must find a factored form of every use of a parameter, got a use without one; use vector-products",
  );

/** Examples of both sides; of a symmetric kernel, only the pairs on and above the diagonal are computed. */
export interface PairCount {
  readonly n: number;
  readonly m: number;
  readonly symmetric: boolean;
}

/**
 * Nodes of a head times cotangents beyond which their factors are not one graph that can be opened: ONNX Runtime takes 12 s for the 5,600
 * nodes of a transformer block with 35 outputs (2,000 by this count), and the time grows with the square.
 */
const MOST_NODES = 1500;

const opensAtOnce = ({ model, form }: AlgorithmOptions): boolean =>
  model.split.head.nodes.length * seedCount(form, model.outputs) <= MOST_NODES;

/** FLOPs of each algorithm; without the factored one unless it can be opened or is `forced`. */
function countFlops(
  options: AlgorithmOptions,
  { n, m, symmetric }: PairCount,
  forced: boolean,
): Partial<Record<AlgorithmName, number>> {
  const [examples, pairs] = symmetric ? [n, (n * (n + 1)) / 2] : [n + m, n * m];
  const { model, form } = options;
  const { size } = model.layout;
  const seeds = seedCount(form, model.outputs);
  const forward = flopsOf(model.split.head, 1);
  // A reverse pass is about two forward passes beyond the values, a forward-mode pass about one.
  const rows = 3 * forward * seeds;
  const kept = form === "blocks" ? seeds * seeds : seeds;
  const flops: Partial<Record<AlgorithmName, number>> = {
    "jacobian-contraction": examples * rows + 2 * pairs * kept * size,
    "vector-products": m * rows + 2 * forward * pairs * seeds,
  };
  const side = forced || opensAtOnce(options) ? factoredGraphs(options)?.side : undefined;
  if (!side) return flops;
  const pair = pairGraph(side.parts, { form, outputs: model.outputs, sizes: [1, 1] });
  return { factored: flopsOf(side.graph, examples) + pairs * flopsOf(pair, 1), ...flops };
}

/**
 * The algorithm with the fewest counted FLOPs, and why; a name forces one. RangeError for `factored` where the model does not admit it.
 * The reference, `jacobian-contraction`, runs on the host and is chosen only by name.
 */
export function chooseAlgorithm(options: AlgorithmOptions, count: PairCount, name: AlgorithmName | "auto"): Choice {
  const flops = countFlops(options, count, name === "factored");
  if (name !== "auto") {
    if (name === "factored" && flops.factored === undefined) throw withoutFactors();
    return { algorithm: name, reason: "asked for", flops };
  }
  const { factored, "vector-products": products = 0 } = flops;
  if (factored === undefined) {
    const reason = opensAtOnce(options)
      ? "some use of a parameter has no factored form"
      : `factors of ${seedCount(options.form, options.model.outputs)} outputs would be one graph of too many nodes`;
    return { algorithm: "vector-products", reason, flops };
  }
  const [algorithm, least, other] =
    factored <= products
      ? (["factored", factored, products] as const)
      : (["vector-products", products, factored] as const);
  const reason = `${(least / 1e9).toPrecision(3)} GFLOP against ${(other / 1e9).toPrecision(3)}`;
  return { algorithm, reason, flops };
}

/** The algorithm itself. */
export function createAlgorithm(name: AlgorithmName, options: AlgorithmOptions): KernelAlgorithm {
  if (name === "jacobian-contraction") return jacobianContraction(options) as unknown as KernelAlgorithm<Prepared>;
  if (name === "vector-products") return vectorProducts(options) as unknown as KernelAlgorithm<Prepared>;
  const factored = factoredAlgorithm(options);
  if (!factored) throw withoutFactors();
  return factored as unknown as KernelAlgorithm<Prepared>;
}
