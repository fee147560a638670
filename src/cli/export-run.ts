// `pathkernel export`: parameters of a run, at any step, as a safetensors file; or the run itself, as one archive.

import { writeFileAtomic } from "../numeric/files.node.ts";
import { encodeSafetensors } from "../numeric/safetensors.ts";
import { packRun } from "../run/pack-run.node.ts";
import { parametersAt } from "../train/trajectory.ts";
import { SOFTWARE } from "../version.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { formatBytes } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { requireWritable } from "./output-path.ts";
import { withRun } from "./run-session.ts";
import { stepOf } from "./step-flags.ts";

const SHAPE = {
  what: flags.required(flags.nameFlag(["parameters", "run"] as const), "--what parameters"),
  at: flags.stepFlag(),
  out: flags.required(flags.text(), "-o FILE"),
  data: flags.text().optional(),
  threads: flags.count().optional(),
};

/** The whole run in one file. */
async function exportRun({ args, output }: Invocation, out: string): Promise<void> {
  if (!out.endsWith(".zip")) throw new UsageError(`--out must end in .zip, got "${out}"`);
  requireWritable(out);
  const bytes = await packRun(args[0], out);
  output.note(`every part verified, ${formatBytes(bytes)}`);
  output.print(out);
  output.value("export", { run: args[0], what: "run", path: out, bytes });
}

type Place = Omit<ReturnType<typeof flags.parseFlags<typeof SHAPE>>, "what">;

async function exportParameters(invocation: Invocation, { at, out, ...place }: Place): Promise<void> {
  if (!out.endsWith(".safetensors")) throw new UsageError(`--out must end in .safetensors, got "${out}"`);
  requireWritable(out);
  const { output } = invocation;
  await withRun(invocation, place, async (opened, task) => {
    const step = stepOf(at, opened);
    const parameters = await parametersAt(task, opened, step);
    const bytes = encodeSafetensors(parameters, {
      software: SOFTWARE,
      model: opened.manifest.model.spec,
      step: String(step),
    });
    writeFileAtomic(out, bytes);
    output.note(`${Object.keys(parameters).length} tensors before step ${step}, ${formatBytes(bytes.length)}`);
    output.print(out);
    const tensors = Object.entries(parameters).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    output.value("export", { run: opened.path, what: "parameters", step, path: out, bytes: bytes.length, tensors });
  });
}

/** Writes what the flags name. */
export async function runExport(invocation: Invocation): Promise<ExitCode> {
  const { what, ...rest } = flags.parseFlags(SHAPE, invocation.flags);
  if (what === "run") await exportRun(invocation, rest.out);
  else await exportParameters(invocation, rest);
  return 0;
}
