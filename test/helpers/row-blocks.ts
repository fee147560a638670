// Rows of vectors one after another, and the same in blocks, parameter by parameter, as graphs read them.

import type { Layout } from "../../src/numeric/layout.ts";
import type { RealArray } from "../../src/numeric/tensor.ts";

function eachPart(layout: Layout, rows: number, move: (inRows: number, inBlocks: number, size: number) => void): void {
  for (const { offset, size } of layout.entries)
    for (let r = 0; r < rows; r++) move(r * layout.size + offset, rows * offset + r * size, size);
}

/** (R, p) from blocks. */
export function rowsFromBlocks(blocks: RealArray, layout: Layout, rows: number): Float64Array {
  const result = new Float64Array(rows * layout.size);
  eachPart(layout, rows, (to, from, size) => result.set(blocks.subarray(from, from + size), to));
  return result;
}

/** Blocks from (R, p). */
export function blocksFromRows(given: Float64Array, layout: Layout, rows: number): Float64Array {
  const result = new Float64Array(rows * layout.size);
  eachPart(layout, rows, (from, to, size) => result.set(given.subarray(from, from + size), to));
  return result;
}
