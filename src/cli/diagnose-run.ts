// `pathkernel diagnose`: what the tangent kernel of a run says along its training, in a table and a sentence a measure.

import { diagnose } from "../diagnose/diagnose.ts";
import { type DiagnoseOptions, type Diagnosis, type DiagnosisPlan, measureNames } from "../diagnose/diagnosis.ts";
import { planDiagnosis } from "../diagnose/diagnosis-plan.ts";
import { namedSample } from "../diagnose/sample.ts";
import { diagnosisSentences } from "../diagnose/sentences.ts";
import { diagnosisFigure } from "../figures/diagnosis.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import type { AlgebraName } from "../numeric/linear-algebra/types.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import { diagnosisText, planText } from "./diagnose-text.ts";
import { figureFlag, requireFigure, writeFigure } from "./figure-file.ts";
import * as flags from "./flags.ts";
import { formatSeconds } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { startProgress } from "./progress.ts";
import { warnBeforeReplay } from "./replay-warning.ts";
import { LONG, withRun } from "./run-session.ts";
import { stepsOf } from "./step-flags.ts";

const SHAPE = {
  at: flags.stepList().optional(),
  of: flags.text().optional(),
  query: flags.list(";").optional(),
  per: flags.nameFlag(["layer"] as const).optional(),
  measure: flags.nameList(measureNames).optional(),
  plan: flags.toggle().optional(),
  figure: figureFlag().optional(),
  memory: flags.bytes().optional(),
  data: flags.text().optional(),
  threads: flags.count().optional(),
};

/** Samples that are offered instead. */
const SMALLER = [500, 200, 100, 50, 20];

/** "about 2 min; --of train:0-499 about 8 s". */
function announcement(
  task: Task,
  run: Run,
  plan: DiagnosisPlan,
  options: DiagnoseOptions,
  algebraName: AlgebraName,
): string {
  const about = `about ${formatSeconds(plan.seconds)}`;
  const sizes = SMALLER.filter((size) => size < plan.sample.x.shape[0] && size <= task.dataset.train.x.shape[0]);
  for (const size of sizes) {
    const name = `train:0-${size - 1}`;
    const { seconds } = planDiagnosis(task, run, { ...options, sample: namedSample(task, name), algebraName });
    if (seconds <= LONG || size === sizes.at(-1)) return `${about}; --of ${name} about ${formatSeconds(seconds)}`;
  }
  return about;
}

/** Ascending, each once. */
const ascending = (steps: readonly number[]): number[] => [...new Set(steps)].sort((a, b) => a - b);

/** The plan for programs. */
const planValue = ({
  steps,
  sample,
  queries,
  measures,
  skipped,
  kernel,
  blocks,
  rankGap,
  replays,
  flops,
  bytes,
  seconds,
}: DiagnosisPlan) => ({
  steps,
  sample: sample.name,
  examples: sample.x.shape[0],
  queries: queries.name,
  measures,
  skipped,
  kernels: { count: kernel ? steps.length : 0, algorithm: kernel?.algorithm ?? null, layers: kernel?.groups ?? null },
  blocks: blocks ? { count: steps.length, examples: blocks.examples } : null,
  rankGap: rankGap ?? null,
  replays,
  flops,
  bytes,
  estimatedSeconds: seconds,
});

/** The record for programs: all but the kernel itself, which `pathkernel kernel` writes. */
const diagnosisValue = ({ plan, dtype, outputs, steps, movement, richness, inputs, kinks }: Diagnosis) => ({
  dtype,
  outputs,
  plan: planValue(plan),
  steps,
  movement: movement ?? null,
  richness: richness ?? null,
  inputs: inputs ?? null,
  kinks: kinks ?? null,
});

export async function runDiagnose(invocation: Invocation): Promise<ExitCode> {
  const { output, signal } = invocation;
  const checked = flags.parseFlags(SHAPE, invocation.flags);
  const { at, of, query, per, memory, data, threads } = checked;
  const file = checked.figure;
  if (file !== undefined) await requireFigure(file);
  await withRun(invocation, { data, threads }, async (run, task) => {
    const algebra = await openLinearAlgebra();
    const options: DiagnoseOptions = {
      ...(at && { steps: ascending(stepsOf(at, run)) }),
      ...(of !== undefined && { sample: namedSample(task, of) }),
      ...(query !== undefined && { queries: namedSample(task, query.join(";")) }),
      ...(per && { per }),
      ...(memory && { memoryBudget: memory }),
      ...(checked.measure && { measures: checked.measure }),
    };
    const plan = planDiagnosis(task, run, { ...options, algebraName: algebra.name });
    if (checked.plan) {
      output.print(planText(plan));
      output.value("diagnose-plan", { run: run.path, ...planValue(plan) });
      return;
    }
    if (plan.seconds > LONG) output.note(announcement(task, run, plan, options, algebra.name));
    if (plan.replays > 0) warnBeforeReplay(output, run, task);
    const progress = startProgress(output);
    const started = performance.now();
    let found: Diagnosis;
    try {
      found = await diagnose(task, run, { ...options, algebra, signal, onProgress: (p) => progress.report(p) });
    } finally {
      progress.end();
    }
    const seconds = (performance.now() - started) / 1000;
    const sentences = diagnosisSentences(found);
    output.print(diagnosisText(found, { run, sentences, width: output.width }));
    output.note(`${formatSeconds(seconds)}, linear algebra by ${algebra.library}`);
    if (file !== undefined) await writeFigure(output, file, diagnosisFigure(found, task.dataset));
    output.value("diagnose", { run: run.path, ...diagnosisValue(found), sentences, seconds });
  });
  return 0;
}
