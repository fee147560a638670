// The network of one input as tests and docs/coverage.md have it: eight units, thresholds from -1 to 0.75, or the last at 1.5.

import type { RankGapOptions } from "../../../src/diagnose/rank-gap.ts";
import { type KinksAlong, kinksAlong } from "../../../src/diagnose/switch-units.ts";
import { type GapStep, gapsAlong as gapsAt, trainOneInput } from "../../../src/experiments/guo/one-input.ts";
import type { Run } from "../../../src/run/types.ts";
import type { Task } from "../../../src/train/task.ts";
import { engineOf } from "../tasks.ts";

/** Hidden units m. */
export const UNITS = 8;
export const STEPS = [0, 100, 200, 500, 1000] as const;
/** Where the unit outside switches on: beyond the training range [-1, 1], within that of the queries, [-1, 2]. */
const BEYOND = 1.5;

export type Setting = "inside" | "outside";

const trained = new Map<Setting, ReturnType<typeof trainOneInput>>();

async function trainedOneInput(setting: Setting): ReturnType<typeof trainOneInput> {
  const thresholds = Array.from({ length: UNITS }, (_, j) => -1 + j / 4);
  if (setting === "outside") thresholds[UNITS - 1] = BEYOND;
  const slopes = thresholds.map((_, j) => (j % 2 === 0 ? 0.5 : -0.5));
  const steps = STEPS[STEPS.length - 1];
  return trainOneInput({ thresholds, slopes }, { engine: await engineOf("float64"), steps, checkpointEvery: 100 });
}

/** Trained once for each setting. */
export function oneInput(setting: Setting): ReturnType<typeof trainOneInput> {
  const known = trained.get(setting) ?? trainedOneInput(setting);
  trained.set(setting, known);
  return known;
}

interface Trained {
  readonly task: Task;
  readonly run: Run;
}

/** Ranks, loss and the last bias at the recorded steps. */
export async function gapsAlong(
  own: Trained,
  options: RankGapOptions = {},
): Promise<(GapStep & { readonly lastBias: number })[]> {
  const gaps = await gapsAt(own, STEPS, options);
  return gaps.map((gap) => ({ ...gap, lastBias: gap.biases[UNITS - 1] }));
}

/** Activity of the units on the training inputs, or on the queries. */
export function kinksOf({ task, run }: Trained, part: "train" | "test"): Promise<KinksAlong> {
  return kinksAlong(task, run, task.dataset[part].x, { steps: STEPS });
}
