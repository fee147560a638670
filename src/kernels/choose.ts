// Which algorithm a kernel is computed by: counted, not guessed.

import { flopsOf } from "../graph/cost.ts";
import type { AlgorithmOptions, Execution, KernelAlgorithm, Prepared } from "./algorithm.ts";
import { factoredAlgorithm, factoredGraphs } from "./factored.ts";
import { seedCount } from "./form.ts";
import { groupsOf } from "./groups.ts";
import { jacobianContraction } from "./jacobian-contraction.ts";
import type { PairCount } from "./tiling.ts";
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

/** FLOPs of each algorithm, every example prepared once. */
function countFlops(options: AlgorithmOptions, { n, m, symmetric }: PairCount): Partial<Record<AlgorithmName, number>> {
  const [examples, pairs] = symmetric ? [n, (n * (n + 1)) / 2] : [n + m, n * m];
  const { model, form } = options;
  const { size } = model.layout;
  const seeds = seedCount(form, model.outputs);
  const groups = groupsOf(model.layout, options.per).length;
  const forward = flopsOf(model.split.head, 1);
  // A reverse pass is about two forward passes beyond the values, a forward-mode pass about one.
  const rows = 3 * forward * seeds;
  const kept = form === "blocks" ? seeds * seeds : seeds;
  const flops: Partial<Record<AlgorithmName, number>> = {
    "jacobian-contraction": examples * rows + 2 * pairs * kept * size,
    "vector-products": m * rows + 2 * forward * pairs * seeds * groups,
  };
  const graphs = factoredGraphs(options);
  if (!graphs) return flops;
  return { factored: flopsOf(graphs.side, examples) + pairs * flopsOf(graphs.pair(1, 1), 1), ...flops };
}

/**
 * The algorithm with the fewest counted FLOPs, and why; a name forces one. RangeError for `factored` where the model does not admit it.
 * `fits` says whether an algorithm can keep to the memory budget. The reference, `jacobian-contraction`, runs on the host and is chosen
 * only by name.
 */
export function chooseAlgorithm(
  options: AlgorithmOptions,
  count: PairCount,
  name: AlgorithmName | "auto",
  fits: (name: AlgorithmName) => boolean = () => true,
): Choice {
  const flops = countFlops(options, count);
  if (name !== "auto") {
    if (name === "factored" && flops.factored === undefined) throw withoutFactors();
    return { algorithm: name, reason: "asked for", flops };
  }
  const { factored, "vector-products": products = 0 } = flops;
  if (factored === undefined) {
    return { algorithm: "vector-products", reason: "some use of a parameter has no factored form", flops };
  }
  const fitting = (["factored", "vector-products"] as const).filter(fits);
  if (fitting.length === 1) {
    const other = fitting[0] === "factored" ? "vector-products" : "factored";
    return { algorithm: fitting[0], reason: `${other} needs more memory than the budget`, flops };
  }
  const [algorithm, least, other] =
    factored <= products
      ? (["factored", factored, products] as const)
      : (["vector-products", products, factored] as const);
  const reason = `${(least / 1e9).toPrecision(3)} GFLOP against ${(other / 1e9).toPrecision(3)}`;
  return { algorithm, reason, flops };
}

/** The algorithm itself. */
export function createAlgorithm(name: AlgorithmName, options: AlgorithmOptions, execution: Execution): KernelAlgorithm {
  if (name === "jacobian-contraction")
    return jacobianContraction(options, execution) as unknown as KernelAlgorithm<Prepared>;
  if (name === "vector-products") return vectorProducts(options, execution) as unknown as KernelAlgorithm<Prepared>;
  const factored = factoredAlgorithm(options, execution);
  if (!factored) throw withoutFactors();
  return factored as unknown as KernelAlgorithm<Prepared>;
}
