// How named tensors lie in one flat array: the shape of parameters, optimizer state and gradients.

import { type RealArray, type RealDType, sizeOf, type Tensor } from "./tensor.ts";

export interface LayoutEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in the flat array. */
  readonly offset: number;
  readonly size: number;
}

/** Named tensors, one after another, in one flat array of `size` elements. */
export interface Layout {
  readonly entries: readonly LayoutEntry[];
  readonly size: number;
}

/** Lays the named shapes out one after another, in the order given. */
export function layoutOf(shapes: Iterable<readonly [name: string, shape: readonly number[]]>): Layout {
  const entries: LayoutEntry[] = [];
  let offset = 0;
  for (const [name, shape] of shapes) {
    const size = sizeOf(shape);
    entries.push({ name, shape, offset, size });
    offset += size;
  }
  return { entries, size: offset };
}

type Views = Readonly<Record<string, Tensor<RealDType>>>;

/** The views of an array that were asked for last, by prefix: who runs again on the same array gives the engine the same views. */
const known = new WeakMap<RealArray, Map<string, { readonly layout: Layout; readonly views: Views }>>();

/** The named tensors of a flat array as views (nothing is copied); `prefix` is put before each name. The same array has the same views. */
export function viewsOf(layout: Layout, flat: RealArray, prefix = ""): Views {
  const ofArray = known.get(flat) ?? new Map<string, { readonly layout: Layout; readonly views: Views }>();
  known.set(flat, ofArray);
  const found = ofArray.get(prefix);
  if (found?.layout === layout) return found.views;
  const views = newViews(layout, flat, prefix);
  ofArray.set(prefix, { layout, views });
  return views;
}

function newViews(layout: Layout, flat: RealArray, prefix: string): Views {
  const dtype: RealDType = flat instanceof Float32Array ? "float32" : "float64";
  const views: Record<string, Tensor<RealDType>> = {};
  for (const { name, shape, offset, size } of layout.entries) {
    views[prefix + name] = { dtype, shape, data: flat.subarray(offset, offset + size) as Float32Array & Float64Array };
  }
  return views;
}

/**
 * The named tensors (rows, ...shape) of `rows` flat arrays whose parts lie together, entry by entry: entry e begins at rows times its
 * offset, as a graph reads and writes it. Nothing is copied.
 */
export function blocksOf(layout: Layout, blocks: RealArray, rows: number, prefix = ""): Views {
  const entries = layout.entries.map(({ name, shape, offset, size }) => ({
    name,
    shape: [rows, ...shape],
    offset: rows * offset,
    size: rows * size,
  }));
  return newViews({ entries, size: rows * layout.size }, blocks, prefix);
}
