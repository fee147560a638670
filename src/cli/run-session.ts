// Opens a run for a command and frees its engine afterwards; the flags that all such commands share.

import { DEFAULT_TOLERANCE, explain } from "../explain/explain.ts";
import { planExplanation } from "../explain/plan.ts";
import { ruleNames } from "../explain/rules.ts";
import type { Explanation } from "../explain/types.ts";
import { farthestReplay } from "../run/checkpoint-plan.ts";
import { openRun } from "../run/run-reader.node.ts";
import type { Run } from "../run/types.ts";
import { reopenTask } from "../train/reopen.node.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import * as flags from "./flags.ts";
import { formatBytes, formatSeconds } from "./format.ts";
import { startProgress } from "./progress.ts";
import { warnBeforeReplay } from "./replay-warning.ts";

export const RULE_SHAPE = {
  rule: flags.nameFlag(ruleNames).optional(),
  tolerance: flags.positive().optional(),
  data: flags.text().optional(),
  threads: flags.count().optional(),
};

/** The first `count` examples of test, or of train where there are no others, as a query. */
export function firstQueries({ dataset }: Task, count: number): string {
  const part = dataset.test.x.shape[0] > 0 ? "test" : "train";
  return `${part}:0-${Math.min(count, dataset[part].x.shape[0]) - 1}`;
}

/** Does something with a run and everything that explaining it needs. */
export async function withRun<T>(
  { args, output }: Invocation,
  { data, threads }: { readonly data?: string | undefined; readonly threads?: number | undefined },
  use: (run: Run, task: Task) => Promise<T>,
): Promise<T> {
  const run = await openRun(args[0]);
  const warn = (message: string) => output.warn(message);
  const task = await reopenTask(run, { warn, data, ...(threads !== undefined && { threads }) });
  try {
    return await use(run, task);
  } finally {
    await task.engine.release();
  }
}

/** Work that is estimated to take longer (s) is announced. */
export const LONG = 10;

type ExplainRequest = Omit<Parameters<typeof explain>[2], "signal" | "onProgress">;

/** Explains with progress on stderr; what will take long says so first. */
export async function explainWithProgress(
  { output, signal }: Pick<Invocation, "output" | "signal">,
  { run, task }: { readonly run: Run; readonly task: Task },
  request: ExplainRequest,
): Promise<Explanation> {
  const { queries, rule = "auto", tolerance = DEFAULT_TOLERANCE, readout, chord, shift } = request;
  const plan = planExplanation(task, run, { rows: queries.length, rule, tolerance, readout, chord, shift });
  if (plan.seconds > LONG) {
    const less = rule === "auto" ? "; a larger --tolerance or fewer queries take less (see explain --plan)" : "";
    output.note(`about ${formatSeconds(plan.seconds)}, ${formatBytes(plan.bytes)} of memory${less}`);
  }
  if (farthestReplay(run.checkpoints) > 0) warnBeforeReplay(output, run, task);
  const progress = startProgress(output);
  try {
    return await explain(task, run, { ...request, signal, onProgress: (p) => progress.report(p) });
  } finally {
    progress.end();
  }
}
