// Imports a recorded training, and says what the record allows and how far it is from what our optimizer makes.

import { importRun } from "../train/import.node.ts";
import { isNotable, type Jump } from "../train/jump.ts";
import type { RecordedLoop } from "../train/record.ts";
import type { Invocation } from "./command.ts";
import * as flags from "./flags.ts";
import { grouped, tiny } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { recordingText, setupOf } from "./run-text.ts";

const SHAPE = {
  out: flags.required(flags.text(), "-o RUN.pkrun"),
  force: flags.toggle().optional(),
  data: flags.text().optional(),
  dtype: flags.nameFlag(["float32", "float64"] as const).optional(),
  threads: flags.count().optional(),
};

function largest(jumps: readonly Jump[]): Jump | undefined {
  return jumps.reduce<Jump | undefined>(
    (most, jump) => (most && most.relative >= jump.relative ? most : jump),
    undefined,
  );
}

function jumpsText(name: string, { relative, outputs, step }: Jump): string {
  if (relative === 0) return `every recorded state is where ${name} arrives from the one before, bit for bit`;
  const inOutputs = outputs === undefined ? "" : `, ${tiny(outputs)} of it in outputs`;
  return `jumps from where ${name} arrives to what was recorded: at most ${tiny(relative)} of the way there${inOutputs} (before step ${step})`;
}

function report(output: Output, { run, jumps, tier, disables, by, state }: RecordedLoop): void {
  const most = largest(jumps);
  const { name } = run.manifest.optimizer;
  output.note(recordingText({ tier, by, state, disables }));
  if (most) output.note(jumpsText(name, most));
  const notable = jumps.filter(isNotable);
  if (notable.length > 0)
    output.warn(
      `${grouped(notable.length)} of ${grouped(jumps.length)} recorded states, the first before step ${notable[0].step}, are not where ${name} arrives from the one before with these batches and weights (clipping, another loss or reduction, other settings?): explain books what this does as the term replay`,
    );
  output.print(run.path);
  const { steps } = run.manifest;
  output.value("import", {
    path: run.path,
    tier,
    disables,
    by,
    state,
    steps,
    jump: most ?? null,
    notable: notable.length,
    setup: setupOf(run),
  });
}

/** Reads the folder that the argument names and writes the run. */
export async function runImport({ args, flags: raw, output, signal }: Invocation): Promise<ExitCode> {
  const checked = flags.parseFlags(SHAPE, raw);
  const progress = startProgress(output);
  try {
    const imported = await importRun({
      ...checked,
      directory: args[0],
      signal,
      onProgress: (p) => progress.report(p),
      warn: (message) => output.warn(message),
      note: (line) => output.note(line),
    });
    progress.end();
    report(output, imported);
    return 0;
  } finally {
    progress.end();
  }
}
