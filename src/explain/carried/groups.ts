// Which parameters are carried together, where their carries live, and the tiles of rows that are taken through a graph at once.

import type { Feeds } from "../../engine/engine.ts";
import { sizeOfShape } from "../../graph/dim.ts";
import { allocate, integers, type RealArray, type RealDType, sliceRows, type Tensor } from "../../numeric/tensor.ts";
import { type Derivatives, type Held, movedValues, stillName, stillValue } from "./derivatives.ts";
import { type Channel, type FormKinds, INDEX, ROW, VALUES } from "./step-graph.ts";

/** Bytes of the carries of a tile: with the Jacobians that they meet they stay in the caches of two cores (512 kB each, and 8 MB). */
const TILE_BYTES = 2 ** 20;

/** Share of elements other than zero below which only what they touch is carried; above, products with whole parameters are as fast. */
const SPARSE = 0.5;

/** Some rows of a group. */
export interface Tile {
  readonly start: number;
  readonly end: number;
  /** How many the batch axis of the graph stands for: rows, or entries of rows. */
  readonly axis: number;
  /** The carry of each channel; none where the optimizer carries nothing. */
  readonly carries: readonly RealArray[];
  /** What is fed at every step. */
  readonly feeds: Feeds;
}

/** Channels that are one graph. */
export interface Group {
  readonly channels: readonly Channel[];
  /** Rows of a tile. */
  readonly rows: number;
  readonly tiles: readonly Tile[];
}

export interface GroupOptions {
  readonly derivatives: Derivatives;
  readonly kinds: FormKinds;
  /** The still values of all rows. */
  readonly still: Feeds;
  /** R. */
  readonly count: number;
  readonly dtype: RealDType;
}

function share(still: Tensor): number {
  const data = still.data as RealArray;
  let touched = 0;
  for (let k = 0; k < data.length; k++) if (data[k] !== 0) touched++;
  return touched / Math.max(1, data.length);
}

/** Whether the factor that moves is all that need be carried. */
function isMoving({ kind, still }: Held, { into, direct, out, share }: FormKinds): boolean {
  const numbers = [into, direct, out, share].every((coefficient) => coefficient !== "vector");
  return kind === "moving" && (numbers || still === "indices");
}

function spaceOf(held: Held, i: number, { kinds, still }: GroupOptions): Channel["space"] {
  if (isMoving(held, kinds)) return "moving";
  return held.kind === "moving" && share(still[stillName(i)]) < SPARSE ? "entries" : "whole";
}

const sizeBehind = (shape: readonly (number | string)[]): number => sizeOfShape(shape.slice(1)) as number;

/** The channels of a sweep whose rows' still values are not known: those that entries could be carried of are whole. */
export function channelsOf({ held }: Derivatives, kinds: FormKinds): Channel[] {
  return held.map((one, i) => ({ i, held: one, space: isMoving(one, kinds) ? "moving" : "whole" }));
}

/** Elements of a carry for each row, or for each entry of one. */
export function carrySize({ held, space }: Channel): number {
  const { factor } = held.use;
  const whole = space === "whole" && factor.kind === "outer";
  return whole ? factor.inner.reduce((size, axis) => size * axis, 1) : sizeBehind(movedValues(held)[0].shape);
}

/** The same for each row in the mean. */
function meanSize(channel: Channel, still: Feeds): number {
  const { i, held, space } = channel;
  const entries = space === "entries" ? sizeBehind(stillValue(held)!.shape) * share(still[stillName(i)]) : 1;
  return carrySize(channel) * entries;
}

/** The groups of a sweep: one for each parameter in entries, one for all others. */
export function groupsOf(options: GroupOptions): Group[] {
  const { derivatives, still } = options;
  const channels = derivatives.held.map((held, i) => ({ i, held, space: spaceOf(held, i, options) }));
  const apart = channels.filter(({ space }) => space === "entries");
  const together = channels.filter(({ space }) => space !== "entries");
  const bytesEach = options.dtype === "float32" ? 4 : 8;
  return [...apart.map((channel) => [channel]), ...(together.length > 0 ? [together] : [])].map((group) => {
    const bytes = bytesEach * group.reduce((size, channel) => size + meanSize(channel, still), 0);
    const rows = Math.max(1, Math.min(options.count, Math.floor(TILE_BYTES / Math.max(1, bytes))));
    const tiles: Tile[] = [];
    for (let start = 0; start < options.count; start += rows)
      tiles.push(tileOf(group, { start, end: Math.min(options.count, start + rows), rows }, options));
    return { channels: group, rows, tiles };
  });
}

type Range = Readonly<Record<"start" | "end" | "rows", number>>;

function tileOf(channels: readonly Channel[], range: Range, options: GroupOptions): Tile {
  const { start, end } = range;
  const { still, dtype, kinds } = options;
  const inEntries = channels.some(({ space }) => space === "entries");
  const feeds: Record<string, Tensor> = inEntries ? entriesOf(still[stillName(channels[0].i)], range, dtype) : {};
  if (!inEntries) {
    for (const { i, held } of channels)
      if (held.still) feeds[stillName(i)] = sliceRows(still[stillName(i)], start, end);
  }
  const axis = inEntries ? feeds[INDEX].shape[0] : end - start;
  const carried = kinds.into === "none" ? [] : channels;
  return {
    start,
    end,
    axis,
    feeds,
    carries: carried.map((one) => allocate(dtype, axis * carrySize(one)) as RealArray),
  };
}

/** The elements other than zero of the still values (R, 1, A) of some rows; one of zero where there is none. */
function entriesOf(still: Tensor, { start, end, rows }: Range, dtype: RealDType): Feeds {
  const [index, row, found]: number[][] = [[], [], []];
  const { data } = sliceRows(still, start, end);
  const lines = sizeBehind(still.shape);
  for (let k = 0; k < data.length; k++) {
    if (data[k] === 0) continue;
    index.push(k % lines);
    row.push(Math.floor(k / lines));
    found.push(Number(data[k]));
  }
  if (index.length === 0) for (const list of [index, row, found]) list.push(0);
  const values = allocate(dtype, rows * index.length) as RealArray;
  found.forEach((value, e) => {
    values[row[e] * index.length + e] = value;
  });
  return {
    [INDEX]: integers([index.length], index),
    [ROW]: integers([index.length], row),
    [VALUES]: { dtype, shape: [rows, index.length], data: values } as Tensor,
  };
}
