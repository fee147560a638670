// `pathkernel export`: parameters of a run, at any step, as a safetensors file.

import { writeFileAtomic } from "../numeric/files.node.ts";
import { encodeSafetensors } from "../numeric/safetensors.ts";
import { parametersAt } from "../train/trajectory.ts";
import { SOFTWARE } from "../version.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { formatBytes } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { requireWritable } from "./output-path.ts";
import { withRun } from "./run-session.ts";

const SHAPE = {
  what: flags.required(flags.nameFlag(["parameters"] as const), "--what parameters"),
  step: flags.stepFlag(),
  out: flags.required(flags.text(), "-o FILE.safetensors"),
  data: flags.text().optional(),
  threads: flags.count().optional(),
};

/** Writes what the flags name. */
export async function runExport(invocation: Invocation): Promise<ExitCode> {
  const { step, out, ...place } = flags.parseFlags(SHAPE, invocation.flags);
  if (!out.endsWith(".safetensors")) throw new UsageError(`--out must end in .safetensors, got "${out}"`);
  requireWritable(out);
  const { output } = invocation;
  await withRun(invocation, place, async (opened, task) => {
    const steps = opened.batches.length;
    if (step !== "last" && step > steps) throw new UsageError(`--step must be last or lie in 0..${steps}, got ${step}`);
    const at = step === "last" ? steps : step;
    const parameters = await parametersAt(task, opened, at);
    const bytes = encodeSafetensors(parameters, {
      software: SOFTWARE,
      model: opened.manifest.model.spec,
      step: String(at),
    });
    writeFileAtomic(out, bytes);
    output.note(`${Object.keys(parameters).length} tensors before step ${at}, ${formatBytes(bytes.length)}`);
    output.print(out);
    const tensors = Object.entries(parameters).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    output.value("export", { run: opened.path, what: "parameters", step: at, path: out, bytes: bytes.length, tensors });
  });
  return 0;
}
