// The optimizer of a run of which only parameters are known: it has a name and does nothing.

import { UnsupportedError } from "../errors.ts";
import type { Optimizer } from "./types.ts";

function refuse(): never {
  throw new UnsupportedError("the run must say which optimizer made its steps, got recorded parameters alone");
}

/** Stands where a task needs an optimizer and none is known; its update and its pull-back throw UnsupportedError. */
export const unrecordedOptimizer: Optimizer = {
  name: "unrecorded",
  options: {},
  stepSize: Number.NaN,
  buffers: [],
  memory: undefined,
  plain: undefined,
  update: refuse,
  pullback: refuse,
  form: refuse,
};
