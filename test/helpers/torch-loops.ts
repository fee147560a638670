// Loops that PyTorch trains and records, imported, beside the same training done here.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { type Verdict, verdictOf } from "../../src/explain/verdict.ts";
import { importRun } from "../../src/train/import.node.ts";
import type { RecordedLoop } from "../../src/train/record.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { EXACTNESS_TOLERANCE } from "./exactness.ts";
import { trainScheduled } from "./scheduled-training.ts";
import { ROOT } from "./sources.ts";

export const torchLoops: readonly string[] = ["mlp", "cnn", "gpt", "norms"].flatMap((model) =>
  ["sgd", "momentum", "adamw"].map((optimizer) => `${model}-${optimizer}`),
);

/** Debian's own Python, then the one on the path. */
const PYTHONS = ["/usr/bin/python3", "python3"];

/** Records loops below a folder, in one Python process; why not, in words, where there is no torch. */
export function recordTorchLoops(folder: string, cases: readonly string[]): string | undefined {
  const reasons: string[] = [];
  for (const python of PYTHONS) {
    const { status, stderr, error } = spawnSync(python, [join(ROOT, "scripts/torch_loops.py"), folder, ...cases], {
      encoding: "utf8",
    });
    if (status === 0) return undefined;
    if (status !== 3 && !error) throw new Error(`scripts/torch_loops.py must record ${cases}, got ${stderr}`);
    reasons.push(`${python}: ${error?.message ?? stderr.trim()}`);
  }
  return `PyTorch is not here (${reasons.join("; ")}): apt-get install python3-torch`;
}

export interface Comparison {
  readonly imported: RecordedLoop;
  readonly explanation: Explanation;
  readonly verdict: Verdict;
  /** max |term replay| / scale. */
  readonly replay: number;
  /** Largest jump, relative to the way. */
  readonly jump: number;
  /** max |contribution imported - contribution trained here| / gross of its row. */
  readonly agreement: number;
}

/** Imports a recorded loop, explains its test examples, and explains them in the same training done here: same w_0, batches, step sizes. */
export async function compareWithTraining(directory: string, out: string): Promise<Comparison> {
  const imported = await importRun({ directory, out, threads: 1 });
  const { run, jumps } = imported;
  const task = await reopenTask(run);
  try {
    const options = { queries: datasetQueries(task, "test:0-2"), tolerance: EXACTNESS_TOLERANCE };
    const explanation = await explain(task, run, options);
    const stepSizes = run.scalars.map(({ stepSize }) => stepSize);
    const { params } = await run.checkpoint(0);
    const trained = await explain(
      task,
      await trainScheduled(task, { params, batches: run.batches, stepSizes }),
      options,
    );
    const { examples, gross, scale, terms } = explanation;
    const apart = explanation.contributions.map(
      (c, k) => Math.abs(c - trained.contributions[k]) / gross[Math.floor(k / examples)],
    );
    const replay = terms.find(({ name }) => name === "replay")?.values ?? [0];
    return {
      imported,
      explanation,
      verdict: verdictOf(explanation, "float64"),
      replay: Math.max(...Array.from(replay, Math.abs)) / scale,
      jump: Math.max(...jumps.map(({ relative }) => relative)),
      agreement: Math.max(...apart),
    };
  } finally {
    await task.engine.release();
  }
}
