// What moved of the rows' derivatives, averaged over the nodes of a line: small arrays on the host, filled node by node.

import type { Feeds } from "../../engine/engine.ts";
import { allocate, type RealArray, type RealDType } from "../../numeric/tensor.ts";
import { type Held, movedName, movedValues } from "./derivatives.ts";

const sizeBehind = (shape: readonly (number | string)[]): number =>
  shape.slice(1).reduce<number>((size, axis) => size * (axis as number), 1);

export interface MovedOptions {
  readonly held: readonly Held[];
  /** Rows, with those that make the last tile a whole one. */
  readonly rows: number;
  /** Nodes of a row that there is room for; others are zero. */
  readonly nodes: number;
  readonly dtype: RealDType;
}

/** The values that moved of R rows: sums over nodes, or the nodes' factors one after another. */
export class Moved {
  readonly nodes: number;
  /** By parameter and value: (R, ...). */
  readonly values: readonly (readonly RealArray[])[];
  private readonly held: readonly Held[];
  private readonly taken: Int32Array;

  constructor({ held, rows, nodes, dtype }: MovedOptions) {
    this.held = held;
    this.nodes = nodes;
    this.taken = new Int32Array(rows);
    this.values = held.map((one) =>
      movedValues(one).map(
        ({ shape }) => allocate(dtype, rows * sizeBehind(shape) * placesOf(one, nodes)) as RealArray,
      ),
    );
  }

  /** Bytes of all values. */
  static bytesOf({ held, rows, nodes, dtype }: MovedOptions): number {
    const each = held.flatMap((one) => movedValues(one).map(({ shape }) => sizeBehind(shape) * placesOf(one, nodes)));
    return (dtype === "float32" ? 4 : 8) * rows * each.reduce((size, one) => size + one, 0);
  }

  /** Forgets all nodes. */
  clear(): void {
    this.taken.fill(0);
    for (const values of this.values) for (const value of values) value.fill(0);
  }

  /** Adds what a node's graph gave for some rows. */
  add(rows: readonly number[], results: Feeds): void {
    this.held.forEach((one, i) => {
      movedValues(one).forEach(({ shape }, j) => {
        const size = sizeBehind(shape);
        const source = results[movedName(i, j)].data as RealArray;
        for (const [k, row] of rows.entries()) this.put(this.values[i][j], source, { one, row, from: k * size, size });
      });
    });
    for (const row of rows) this.taken[row]++;
  }

  private put(
    target: RealArray,
    source: RealArray,
    place: { one: Held; row: number; from: number; size: number },
  ): void {
    const { one, row, from, size } = place;
    const before = this.taken[row];
    if (one.kind === "factored") {
      target.set(source.subarray(from, from + size), (row * this.nodes + before) * size);
    } else if (before === 0) target.set(source.subarray(from, from + size), row * size);
    else {
      const to = row * size;
      for (let e = 0; e < size; e++) target[to + e] += source[from + e];
    }
  }
}

/** How many of a node's values lie one after another. */
const placesOf = ({ kind }: Held, nodes: number): number => (kind === "factored" ? nodes : 1);

/** Nodes that there is room for where rows have so many: rules come with any number, and each room is a graph. */
export const nodesKept = (most: number): number => (most <= 4 ? Math.max(1, most) : 2 ** Math.ceil(Math.log2(most)));
