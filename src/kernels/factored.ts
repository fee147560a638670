// Tangent kernels from factored derivatives: nothing as long as the parameters is formed where a product of small ones will do.

import type { Program } from "../engine/engine.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { type RealArray, type Tensor, toReal } from "../numeric/tensor.ts";
import type { AlgorithmOptions, KernelAlgorithm, Prepared, SideRequest } from "./algorithm.ts";
import { lengthGraph, pairFeeds, pairGraph, type SideGraph, sideGraph, WEIGHTS } from "./factors.ts";
import type { KernelForm, KernelModel } from "./types.ts";

interface PreparedFactors extends Prepared {
  readonly factors: Readonly<Record<string, Tensor>>;
}

/** The graphs of one head, form and weighting: built once, so that the engine compiles them once. */
interface Graphs {
  readonly side: SideGraph;
  /** Pair and length graphs by their sizes. */
  readonly others: Map<string, Graph>;
}

/** Counts for the choice of an algorithm: the side and pair graphs, undefined where the model has no factored form. */
export function factoredGraphs(options: AlgorithmOptions): { readonly side: SideGraph } | undefined {
  return graphsOf(options.model, options.form, options.weighted);
}

const cache = new WeakMap<Graph, Map<string, Graphs | undefined>>();

function graphsOf(model: KernelModel, form: KernelForm, weighted: boolean): Graphs | undefined {
  const ofHead = cache.get(model.split.head) ?? new Map<string, Graphs | undefined>();
  cache.set(model.split.head, ofHead);
  const key = `${form} ${weighted} ${model.layout.entries.map(({ name }) => name)}`;
  if (!ofHead.has(key)) {
    const side = sideGraph(model, { form, weighted });
    ofHead.set(key, side && { side, others: new Map() });
  }
  return ofHead.get(key);
}

/**
 * K = sum over parameters of <a, a'> <b, b'> for outer products, inner products for the rest (neural-tangents calls this structured
 * derivatives). Undefined for models in which some use of a parameter has no factored form.
 *
 * Cost of a dense layer for n x m pairs: 2 n m (d_in + C d_out) for the trace, against 2 n m C d_in d_out of the Jacobians.
 *
 * @see Novak, Sohl-Dickstein, Schoenholz 2022, arXiv:2206.08720
 */
export function factoredAlgorithm({
  model,
  form,
  weighted,
}: AlgorithmOptions): KernelAlgorithm<PreparedFactors> | undefined {
  const graphs = graphsOf(model, form, weighted);
  if (!graphs) return undefined;
  const { side, others } = graphs;
  const { engine, layout, frozen, outputs } = model;
  // With a weight on one side, the other must be multiplied out alike: a weight of one everywhere does that.
  const ones = weighted ? new Float64Array(layout.size).fill(1) : undefined;
  const cached = (key: string, build: () => Graph): Program => {
    const graph = others.get(key) ?? build();
    others.set(key, graph);
    return engine.compile(graph);
  };

  const prepare = async ({ params, feeds, count, weights = ones }: SideRequest): Promise<PreparedFactors> => {
    const diagonal: Record<string, Tensor> = {};
    for (const { name, offset, size } of weights ? layout.entries : []) {
      const data = (weights as Float64Array).subarray(offset, offset + size);
      diagonal[WEIGHTS + name] = toReal({ dtype: "float64", shape: [size], data }, engine.dtype);
    }
    const factors = await engine
      .compile(side.graph)
      .run({ ...frozen, ...viewsOf(layout, params), ...feeds, ...diagonal });
    const bytes = Object.values(factors).reduce((total, { data }) => total + data.byteLength, 0);
    return { count, bytes, factors };
  };

  return {
    name: "factored",
    prepare,
    async pair(x, y) {
      const sizes = [x.count, y.count] as const;
      const program = cached(`pair ${sizes}`, () => pairGraph(side.parts, { form, outputs, sizes }));
      return (await program.run(pairFeeds(x.factors, y.factors))).kernel.data as RealArray;
    },
    async lengths(x) {
      const program = cached(`lengths ${x.count}`, () => lengthGraph(side.parts, { form, count: x.count }));
      return (await program.run(pairFeeds(x.factors, {}))).lengths.data as RealArray;
    },
  };
}
