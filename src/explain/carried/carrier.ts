// Who carries the vectors of a sweep: graphs in the engine, or, where they cannot or are not to, the reference on the host.

import type { Run } from "../../run/types.ts";
import type { Task } from "../../train/task.ts";
import { CarriedVectors } from "../carried.ts";
import type { ReadoutGraphOptions } from "../graphs.ts";
import { Puller, type PullOptions } from "../pull.ts";
import type { RowEvaluator } from "../segment.ts";
import { derivativesOf } from "./derivatives.ts";
import { EngineCarried } from "./engine-carried.ts";
import type { Carried } from "./types.ts";

export interface CarrierOptions extends PullOptions {
  readonly readout: ReadoutGraphOptions;
  readonly run: Pick<Run, "batches">;
}

/** `auto`: in the engine where every use of a parameter has a factored form; the other methods are the reference's. */
export function carrierOf(task: Task, rows: RowEvaluator, { method, readout, run }: CarrierOptions): Carried {
  const derivatives =
    method === "auto" ? derivativesOf({ ...readout, loss: task.loss, training: task.training }) : undefined;
  if (!derivatives) return new CarriedVectors(task, rows, new Puller(task, rows.count, { method }));
  return new EngineCarried(task, rows, { derivatives, batches: run.batches });
}
