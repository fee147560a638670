// Carries out a plan: prepares tiles, pairs them, hands what comes of it to a sink. Memory: what the plan says.

import { allocate, type RealArray, sizeOf } from "../numeric/tensor.ts";
import type { Progress } from "../train/train.ts";
import type { KernelAlgorithm } from "./algorithm.ts";
import { normalise } from "./normalise.ts";
import type { KernelPlan } from "./plan.ts";
import type { Side } from "./side.ts";
import type { KernelSink, KernelSpec, KernelTile } from "./sink.ts";
import { stagesOf } from "./tiling.ts";
import type { KernelForm } from "./types.ts";

export interface ExecuteOptions {
  readonly plan: KernelPlan;
  readonly spec: KernelSpec;
  readonly x: Side;
  /** The same object as `x` for a kernel of examples against themselves. */
  readonly y: Side;
  readonly algorithm: KernelAlgorithm;
  readonly sink: KernelSink;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Computes all tiles that the sink does not have. Rejects with the signal's reason when aborted. */
export async function execute(options: ExecuteOptions): Promise<void> {
  const { plan, spec, x, y, sink, signal, onProgress } = options;
  signal?.throwIfAborted();
  try {
    const there = (await sink.start?.(spec)) ?? 0;
    let k = 0;
    for (const { rows, columns, pairs } of stagesOf(plan, plan)) {
      // What is there from an earlier time is not prepared either.
      const open = pairs.slice(Math.max(0, there - k));
      k += pairs.length - open.length;
      if (open.length === 0) continue;
      x.keep(x === y ? [...rows, ...columns] : rows);
      if (x !== y) y.keep(columns);
      for (const [i, j] of open) {
        signal?.throwIfAborted();
        const tile = await tileAt(options, i, j);
        await sink.write(tile, plan.symmetric && i !== j ? mirrored(tile, plan, spec.inputs.form) : undefined);
        onProgress?.({ stage: "kernel", done: ++k, total: plan.tiles });
      }
    }
    await sink.finish?.();
  } catch (error) {
    try {
      await sink.abandon?.();
    } catch {
      // What ended the work (a full device) may forbid this too; that error is the one to show.
    }
    throw error;
  } finally {
    x.keep([]);
    y.keep([]);
  }
}

/** The entries of two tiles, (G, n, m, ...form), and n and m. */
async function pairOf({ plan, spec, x, y, algorithm }: ExecuteOptions, i: number, j: number) {
  // Examples that are one tile are not needed again.
  if (algorithm.alone && x === y && plan.tiles === 1 && !spec.inputs.normalize) {
    const request = await x.request(i);
    return { entries: await algorithm.alone(request), sizes: [request.count, request.count] };
  }
  const [left, right] = [await x.take(i), await y.take(j)];
  return { entries: await algorithm.pair(left, right), sizes: [left.count, right.count] };
}

async function tileAt(options: ExecuteOptions, i: number, j: number): Promise<KernelTile> {
  const { plan, spec, x, y } = options;
  const { entries, sizes } = await pairOf(options, i, j);
  const { form, normalize, model } = spec.inputs;
  if (normalize) {
    const roots = [await x.roots(i), await y.roots(j)] as const;
    normalise(entries, roots, { form, outputs: model.outputs, groups: plan.groups?.length ?? 1 });
  }
  const lead = plan.groups === undefined ? 0 : 1;
  const shape = [...plan.shape.slice(0, lead), ...sizes, ...plan.shape.slice(lead + 2)];
  const kernel = { dtype: plan.dtype, shape, data: inDtype(entries, plan) };
  return { row: i * plan.tile, column: j * plan.tile, kernel };
}

/** The entries in the kernel's dtype: some algorithms add up in float64. */
function inDtype(entries: RealArray, { dtype }: KernelPlan): RealArray {
  if (entries instanceof Float32Array === (dtype === "float32")) return entries;
  const data = allocate(dtype, entries.length) as RealArray;
  data.set(entries);
  return data;
}

/** K[j, i] = K[i, j]^T: blocks are transposed, other entries copied. */
function mirrored({ row, column, kernel }: KernelTile, { groups, dtype }: KernelPlan, form: KernelForm): KernelTile {
  const { shape, data } = kernel;
  const lead = groups === undefined ? 0 : 1;
  const [n, m] = shape.slice(lead);
  const entry = shape.slice(lead + 2);
  const [c, d] = form === "blocks" ? entry : [1, sizeOf(entry)];
  const to = allocate(dtype, data.length) as RealArray;
  for (let g = 0, from = 0; g < (groups?.length ?? 1); g++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        const block = ((g * m + j) * n + i) * c * d;
        for (let k = 0; k < c; k++)
          for (let l = 0; l < d; l++, from++) to[block + l * c + k] = (data as RealArray)[from];
      }
    }
  }
  return { row: column, column: row, kernel: { dtype, shape: [...shape.slice(0, lead), m, n, ...entry], data: to } };
}
