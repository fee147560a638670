// Examples paired with themselves in one run.

import { GraphBuilder } from "../graph/builder.ts";
import { resolveDim } from "../graph/dim.ts";
import { slice } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { type BlockTerm, blockTerms } from "./block-terms.ts";
import { type PairOptions, pairFeeds, pairGraph } from "./factors.ts";
import { entryShape } from "./form.ts";
import { partName, rowsOfExamples, type SideGraph } from "./parts.ts";
import { placeBlocks } from "./place-blocks.ts";
import { placeRegion, type Range, type Region } from "./regions.ts";

export interface AloneOptions extends Omit<PairOptions, "sizes"> {
  readonly count: number;
  readonly regions: readonly Region[];
}

type Results = Readonly<Record<string, Tensor>>;

/** A graph from examples to all their pairs, and where its results go. */
export interface Alone {
  readonly graph: Graph;
  /** Puts the results into entries (G, n, n, ...form). */
  place(to: RealArray, results: Results): void;
}

/** The side graph for a fixed number of examples, and rows of what it keeps. */
function openSide({ graph, parts }: SideGraph, count: number) {
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  for (const name of graph.inputs) {
    const { dtype, shape } = graph.values.get(name) as Value;
    inputs[name] = b.input(
      name,
      dtype,
      shape.map((dim) => resolveDim(dim, count)),
    );
  }
  const kept = b.inline(graph, inputs);
  const valuesOf = ({ parameter, values }: (typeof parts)[number], { start, end }: Range): readonly Value[] =>
    values.map((value, k) => cut(b, kept.get(partName(parameter, k)) as Value, rowsOfExamples(value, start, end)));
  return { b, valuesOf };
}

const cut = (b: GraphBuilder, x: Value, [start, end]: readonly [number, number]): Value =>
  start === 0 && end === x.shape[0] ? x : slice(b, x, 0, { start, end });

const dataOf = (results: Results, name: string): RealArray => results[name].data as RealArray;

/** The entries of each region as the pair graph gives them. */
function entriesAlone(side: SideGraph, { count, regions, ...options }: AloneOptions): Alone {
  const { b, valuesOf } = openSide(side, count);
  const rowsOf = (range: Range): Record<string, Value> =>
    Object.fromEntries(
      side.parts.flatMap((part) =>
        valuesOf(part, range).map((value, k) => [partName(part.parameter, k), value] as const),
      ),
    );
  const nameOf = (k: number): string => `kernel.${k}`;
  const outputs = regions.map(({ rows, columns }, k) => {
    const pair = pairGraph(side.parts, { ...options, sizes: [rows.end - rows.start, columns.end - columns.start] });
    const feeds = pairFeeds(rowsOf(rows), rowsOf(columns));
    return [nameOf(k), b.inline(pair, feeds).get("kernel") as Value] as const;
  });
  const { form, outputs: classes, groups } = options;
  const entry = entryShape(form, classes).reduce((product, axis) => product * axis, 1);
  const entries = { groups: groups.length, shape: [count, count] as const, form, outputs: classes, entry };
  return {
    graph: b.build(Object.fromEntries(outputs)),
    place(to, results) {
      regions.forEach((region, k) => {
        placeRegion(to, dataOf(results, nameOf(k)), { ...entries, ...region, mirror: true });
      });
    },
  };
}

/** Blocks as the summands that they are made of. */
function blocksAlone(side: SideGraph, { count, regions, outputs, groups }: AloneOptions): Alone {
  const { b, valuesOf } = openSide(side, count);
  const termsOf = (region: Region) =>
    groups.map((group) => blockTerms(b, side.parts, group, { outputs, count, region, valuesOf }));
  const all = regions.map((region) => ({ region, terms: termsOf(region) }));
  const names = new Map<string, string>();
  const values: Record<string, Value> = {};
  const name = (value: Value): string => {
    const known = names.get(value.name) ?? `kernel.${names.size}`;
    names.set(value.name, known);
    values[known] = value;
    return known;
  };
  const named = all.map(({ region, terms }) => ({
    region,
    groups: terms.map((own) => own.map((term) => ({ ...term, values: name(term.value), scale: scaleOf(term, name) }))),
  }));
  return {
    graph: b.build(values),
    place(to, results) {
      for (const { region, groups: ofRegion } of named)
        ofRegion.forEach((own, g) => {
          const summands = own.map(({ layout, values: from, scale }) => ({
            layout,
            values: dataOf(results, from),
            scale: scale && { ...scale, values: dataOf(results, scale.values) },
          }));
          placeBlocks(to, summands, { outputs, count, region, offset: g * count ** 2 * outputs ** 2 });
        });
    },
  };
}

const scaleOf = ({ scale }: BlockTerm, name: (value: Value) => string) =>
  scale && { rows: scale.rows, columns: scale.columns, values: name(scale.value) };

/** The side graph and what pairs all regions as one graph for a fixed number of examples: nothing goes by way of the host. */
export const aloneGraph = (side: SideGraph, options: AloneOptions): Alone =>
  options.form === "blocks" ? blocksAlone(side, options) : entriesAlone(side, options);
