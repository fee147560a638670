// Tangent kernels from factored derivatives: nothing as long as the parameters is formed where a product of small ones will do.

import type { Held, Program } from "../engine/engine.ts";
import { flopsOf } from "../graph/cost.ts";
import type { Graph } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, sizeOf, sliceRows, type Tensor, toReal, zeros } from "../numeric/tensor.ts";
import type { AlgorithmOptions, Execution, KernelAlgorithm, Prepared, SideRequest } from "./algorithm.ts";
import { type Alone, aloneGraph } from "./alone.ts";
import { lengthGraph, pairFeeds, pairGraph } from "./factors.ts";
import { entryShape } from "./form.ts";
import { groupsOf } from "./groups.ts";
import { type Part, partName, rowsOfExamples, sideGraph, WEIGHTS } from "./parts.ts";
import {
  allRegions,
  halfRegions,
  joinedRegions,
  placeRegion,
  type Range,
  type Region,
  rowRegions,
  squareRegions,
} from "./regions.ts";
import { sparseBytes } from "./sparse.ts";
import type { KernelModel } from "./types.ts";

type Factors = Readonly<Record<string, Tensor>>;

interface PreparedFactors extends Prepared {
  readonly factors: Factors;
  /** Arrays of a whole tile, the first rows of which are the factors. */
  readonly arrays: Factors;
}

/** The same on a card, where the tiles stay until they are released. */
interface HeldFactors extends Prepared {
  readonly factors: Readonly<Record<string, Held>>;
}

/** The same rows of all tensors, as views. */
const rowsOf = (all: Factors, start: number, end: number): Factors =>
  Object.fromEntries(Object.entries(all).map(([name, one]) => [name, sliceRows(one, start, end)]));

/** What some examples keep, as views. */
const keptOf = (parts: readonly Part[], all: Factors, start: number, end: number): Factors =>
  Object.fromEntries(
    parts.flatMap(({ parameter, values }) =>
      values.map((value, k) => {
        const name = partName(parameter, k);
        return [name, sliceRows(all[name], ...rowsOfExamples(value, start, end))] as const;
      }),
    ),
  );

/** Bytes of what each example keeps; what is the same for all is as small as a layer's weights. */
const bytesOf = (parts: readonly Part[], all: Factors): number =>
  parts
    .flatMap(({ parameter, values }) =>
      values.map(({ forAll }, k) => (forAll ? 0 : all[partName(parameter, k)].data.byteLength)),
    )
    .reduce((total, bytes) => total + bytes, 0);

/**
 * Arrays of tiles that are done with, written over by the next: fresh pages take longer to get than to fill, and a collector that comes late
 * would keep more of them than fit the budget. What nobody takes again is the collector's.
 */
class FreeArrays {
  private readonly arrays: WeakRef<Factors>[] = [];

  take(): Factors | undefined {
    for (let next = this.arrays.pop(); next; next = this.arrays.pop()) {
      const found = next.deref();
      if (found) return found;
    }
    return undefined;
  }

  give(arrays: Factors): void {
    this.arrays.push(new WeakRef(arrays));
  }
}

/** FLOPs of pairs up to which examples that are one tile are paired in the run that prepares them: beyond, copies of their rows cost more. */
const ALONE_FLOPS = 2 ** 30;

/** The graphs of one head, form, weighting and division: built once, so that the engine compiles them once. */
export interface FactoredGraphs {
  readonly side: Graph;
  readonly parts: readonly Part[];
  /** Parts of the kernel that parameters are divided among. */
  readonly groups: number;
  /** FLOPs of one pair of examples. */
  readonly pairFlops: number;
  pair(n: number, m: number): Graph;
  lengths(count: number): Graph;
  /** From examples to all their pairs. */
  alone(count: number): Alone;
  /** Arrays of released tiles, by dtype and size of tile. */
  free(key: string): FreeArrays;
  /** Examples of either side that are paired at once, numbers of `width` bytes; Infinity: all. */
  square(width: number): number;
}

/** Bytes of what a run of pairs may take for sparse parts, which is more for each pair than its entries by far; larger runs are no faster. */
const PAIRING_BYTES = 3 * 2 ** 23;

/** Examples of either side that are paired at once, numbers of `width` bytes: all where no part is sparse. */
function squareOf(parts: readonly Part[], width: number): number {
  const sparse = parts.filter(({ kind }) => kind === "sparse");
  const bytes = sparse.reduce(
    (total, { values: [, at, values] }) => total + sparseBytes({ at: at.shape, values: values.shape }, width),
    0,
  );
  // A power of 2: halves of halves have one shape.
  return Math.max(1, 2 ** Math.floor(Math.log2(PAIRING_BYTES / bytes) / 2));
}

const cache = new WeakMap<Graph, Map<string, FactoredGraphs | undefined>>();

/** The graphs of the algorithm; undefined where the model has no factored form. */
export function factoredGraphs(options: AlgorithmOptions): FactoredGraphs | undefined {
  const { model, form, weighted, per } = options;
  const ofHead = cache.get(model.split.head) ?? new Map<string, FactoredGraphs | undefined>();
  cache.set(model.split.head, ofHead);
  const key = `${form} ${weighted} ${per} ${model.layout.entries.map(({ name }) => name)}`;
  if (!ofHead.has(key)) ofHead.set(key, buildGraphs(options));
  return ofHead.get(key);
}

function buildGraphs({ model, form, weighted, per }: AlgorithmOptions): FactoredGraphs | undefined {
  const groups = groupsOf(model.layout, per);
  const side = sideGraph(model, { form, weighted, groups });
  if (!side) return undefined;
  const { graph, parts } = side;
  const common = { form, outputs: model.outputs, groups };
  const all = new Map<number, Alone>();
  const buildAlone = (count: number): Alone => {
    const regions =
      form === "blocks" ? joinedRegions(count, count ** 2 * pairFlops) : rowRegions(count, Math.ceil(count / 2));
    const own = form === "blocks" && !weighted ? sideGraph(model, { form, weighted, groups, products: true }) : side;
    return aloneGraph(own ?? side, { ...common, count, regions });
  };
  const others = new Map<string, Graph>();
  const free = new Map<string, FreeArrays>();
  const built = (key: string, build: () => Graph): Graph => {
    const known = others.get(key) ?? build();
    others.set(key, known);
    return known;
  };
  const pair = (n: number, m: number): Graph =>
    built(`pair ${n} ${m}`, () => pairGraph(parts, { ...common, sizes: [n, m] }));
  const pairFlops = flopsOf(pair(1, 1), 1);
  const squares = new Map<number, number>();
  return {
    side: graph,
    parts,
    groups: groups.length,
    pairFlops,
    free: (key) => {
      const known = free.get(key) ?? new FreeArrays();
      free.set(key, known);
      return known;
    },
    pair,
    alone(count) {
      const known = all.get(count) ?? buildAlone(count);
      all.set(count, known);
      return known;
    },
    square(width) {
      const known = squares.get(width) ?? squareOf(parts, width);
      squares.set(width, known);
      return known;
    },
    lengths: (count) => built(`lengths ${count}`, () => lengthGraph(parts, { ...common, count })),
  };
}

/**
 * K = sum over parameters of <a, a'> <b, b'> for outer products, inner products for the rest (neural-tangents calls this structured
 * derivatives). Undefined for models in which some use of a parameter has no factored form.
 *
 * Cost of a dense layer for n x m pairs: 2 n m (d_in + C d_out) for the trace, against 2 n m C d_in d_out of the Jacobians.
 *
 * @see Novak, Sohl-Dickstein, Schoenholz 2022, arXiv:2206.08720
 */
export function factoredAlgorithm(options: AlgorithmOptions, execution: Execution): FactoredAlgorithm | undefined {
  const { model, form, weighted, per } = options;
  const { run, tile, signal } = execution;
  if (signal) return newAlgorithm(options, execution);
  const ofModel = kept.get(model) ?? new Map<string, FactoredAlgorithm | undefined>();
  kept.set(model, ofModel);
  const key = `${form} ${weighted} ${per} ${run} ${tile}`;
  const algorithm = ofModel.get(key) ?? newAlgorithm(options, execution);
  ofModel.set(key, algorithm);
  return algorithm;
}

type FactoredAlgorithm = KernelAlgorithm<PreparedFactors> | KernelAlgorithm<HeldFactors>;

/** Those that nothing stops: they hold nothing of one kernel. */
const kept = new WeakMap<KernelModel, Map<string, FactoredAlgorithm | undefined>>();

function newAlgorithm(options: AlgorithmOptions, { run, tile, signal }: Execution): FactoredAlgorithm | undefined {
  const graphs = factoredGraphs(options);
  if (!graphs) return undefined;
  const { model, form, weighted } = options;
  const { engine, layout, frozen } = model;
  const side: Program = engine.compile(graphs.side);
  const { groups, pairFlops } = graphs;
  // With a weight on one side, the other must be multiplied out alike: a weight of one everywhere does that.
  const ones = weighted ? new Float64Array(layout.size).fill(1) : undefined;
  const free = graphs.free(`${engine.dtype} ${tile}`);
  const allocated = (): Factors =>
    Object.fromEntries(
      graphs.parts.flatMap(({ parameter, values }) =>
        values.map((value, k) => {
          const { dtype, shape } = value;
          const type = dtype === "real" ? engine.dtype : dtype;
          const [, rows] = rowsOfExamples(value, 0, tile);
          return [partName(parameter, k), zeros(type, [rows, ...shape])] as const;
        }),
      ),
    );

  const diagonalOf = (weights: Float64Array | undefined): Factors => {
    const diagonal: Record<string, Tensor> = {};
    for (const { name, offset, size } of weights ? layout.entries : []) {
      const data = (weights as Float64Array).subarray(offset, offset + size);
      diagonal[WEIGHTS + name] = toReal({ dtype: "float64", shape: [size], data }, engine.dtype);
    }
    return diagonal;
  };

  const prepare = async ({ params, feeds, count, weights = ones }: SideRequest): Promise<PreparedFactors> => {
    const fixed = { ...frozen, ...viewsOf(layout, params), ...diagonalOf(weights) };
    const arrays = free.take() ?? allocated();
    for (let start = 0; start < count; start += run) {
      signal?.throwIfAborted();
      const end = Math.min(count, start + run);
      await side.run({ ...fixed, ...rowsOf(feeds, start, end) }, keptOf(graphs.parts, arrays, start, end));
    }
    return { count, bytes: bytesOf(graphs.parts, arrays), factors: keptOf(graphs.parts, arrays, 0, count), arrays };
  };

  const pairOf = async (x: PreparedFactors | HeldFactors, y: PreparedFactors | HeldFactors): Promise<RealArray> => {
    const program = engine.compile(graphs.pair(x.count, y.count));
    return (await program.run(pairFeeds<Tensor | Held>(x.factors, y.factors))).kernel.data as RealArray;
  };
  const lengths = async (x: PreparedFactors | HeldFactors): Promise<RealArray> => {
    const program = engine.compile(graphs.lengths(x.count));
    return (await program.run(pairFeeds<Tensor | Held>(x.factors, {}))).lengths.data as RealArray;
  };

  // A tile is prepared in one run or on the host: rows of several runs cannot be put together on a card.
  if (engine.holds && run >= tile) {
    const onCard: KernelAlgorithm<HeldFactors> = {
      name: "factored",
      async prepare({ params, feeds, count, weights = ones }) {
        signal?.throwIfAborted();
        const fixed = { ...frozen, ...viewsOf(layout, params), ...diagonalOf(weights) };
        const factors = await engine.hold(graphs.side, { ...fixed, ...feeds });
        const bytes = Object.values(factors).reduce((total, { shape }) => total + 4 * sizeOf(shape), 0);
        return { count, bytes, factors };
      },
      pair: pairOf,
      lengths,
      release({ factors }) {
        for (const { onCard } of Object.values(factors)) onCard.dispose();
      },
    };
    return onCard;
  }

  const entry = sizeOf(entryShape(form, model.outputs));
  const entriesOf = (shape: readonly [number, number]) => ({ groups, shape, form, outputs: model.outputs, entry });
  const square = graphs.square(engine.dtype === "float64" ? 8 : 4);

  /** The pairs of two tiles region by region; of a tile with itself, those below the diagonal by symmetry. */
  const pairRegions = async (
    x: PreparedFactors,
    y: PreparedFactors,
    regions: readonly Region[],
  ): Promise<RealArray> => {
    const shape = [x.count, y.count] as const;
    const result = allocate(engine.dtype, groups * shape[0] * shape[1] * entry) as RealArray;
    const part = ({ factors, ...rest }: PreparedFactors, { start, end }: Range): PreparedFactors => ({
      ...rest,
      count: end - start,
      factors: keptOf(graphs.parts, factors, start, end),
    });
    for (const region of regions) {
      signal?.throwIfAborted();
      const found = await pairOf(part(x, region.rows), part(y, region.columns));
      placeRegion(result, found, { ...entriesOf(shape), ...region, mirror: x === y });
    }
    return result;
  };
  const regionsOf = (x: PreparedFactors, y: PreparedFactors): readonly Region[] => {
    if (x !== y) return allRegions([x.count, y.count], square);
    return square < Infinity ? squareRegions(x.count, square) : halfRegions(x.count, x.count ** 2 * pairFlops);
  };

  /** All pairs of examples with each other, straight from the examples, in one run. */
  const alone = async ({ params, feeds, count, weights = ones }: SideRequest): Promise<RealArray> => {
    const { graph, place } = graphs.alone(count);
    const results = graphs.free(`${engine.dtype} alone ${count}`);
    const fixed = { ...frozen, ...viewsOf(layout, params), ...diagonalOf(weights) };
    const parts = await engine.compile(graph).run({ ...fixed, ...feeds }, results.take());
    const result = allocate(engine.dtype, groups * count * count * entry) as RealArray;
    place(result, parts);
    results.give(parts);
    return result;
  };

  const algorithm: KernelAlgorithm<PreparedFactors> = {
    name: "factored",
    prepare,
    async pair(x, y) {
      const regions = regionsOf(x, y);
      return regions.length === 1 ? pairOf(x, y) : pairRegions(x, y, regions);
    },
    lengths,
    release: ({ arrays }) => free.give(arrays),
    ...(run >= tile && tile ** 2 * pairFlops < ALONE_FLOPS && { alone }),
  };
  return algorithm;
}
