// `pathkernel info`: what a run holds.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { farthestReplay } from "../run/checkpoint-plan.ts";
import { type RecordingReport, recordingOf } from "../run/recording.ts";
import { openRun } from "../run/run-reader.node.ts";
import type { Run } from "../run/types.ts";
import type { Invocation } from "./command.ts";
import { formatBytes, grouped, table } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { checkpointText, optimizerText, recordingText, setupOf } from "./run-text.ts";

interface PartSize {
  readonly part: string;
  readonly files: number;
  readonly bytes: number;
}

/** Files and bytes of each entry of the run's folder. */
function partSizes(path: string): PartSize[] {
  const parts = new Map<string, PartSize>();
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const part = file.slice(path.replace(/[\\/]+$/, "").length + 1).split(/[\\/]/)[0];
    const { files, bytes } = parts.get(part) ?? { files: 0, bytes: 0 };
    parts.set(part, { part, files: files + 1, bytes: bytes + statSync(file).size });
  }
  return [...parts.values()].sort((a, b) => b.bytes - a.bytes);
}

function modelText({ manifest, layout }: Run): string {
  const { spec, parameters, trainable } = manifest.model;
  const frozen = parameters.length - trainable.length;
  const trained = `${grouped(layout.size)} parameters trained in ${trainable.length} tensors`;
  return `${spec}, ${manifest.dtype}, ${trained}${frozen > 0 ? `, ${frozen} more tensors kept as they were` : ""}`;
}

function dataText({ manifest: { data } }: Run): string {
  const { source, limit, trainExamples, testExamples, classes, task, sha256 } = data;
  const what = task === "classification" ? `${classes.length} classes` : "regression";
  const counts = `${grouped(trainExamples)} training examples${limit === null ? "" : " (limited)"}, ${grouped(testExamples)} test`;
  return `${source}: ${counts}, ${what}, sha256 ${sha256.slice(0, 12)}...`;
}

function stateText({ manifest: { status, steps, plannedSteps } }: Run): string {
  const interrupted = status === "running" ? " (being trained, or its process was killed)" : "";
  return `${status}${interrupted}, ${grouped(steps)} of ${grouped(plannedSteps)} steps recorded`;
}

/** The record of another program's loop: what it has, what that disables, and, without batches, its own numbers of the states. */
function recordingRows(recording: RecordingReport | undefined): (readonly [string, string])[] {
  if (!recording) return [];
  const [first, ...more] = recordingText(recording).split("\n");
  const { loopSteps } = recording;
  const states = loopSteps && ([["states", `before the loop's steps ${loopSteps.join(", ")}`]] as const);
  return [["recorded", first], ...more.map((line) => ["", line.trim()] as const), ...(states ?? [])];
}

function infoText(run: Run, sizes: readonly PartSize[]): string {
  const { manifest, scalars } = run;
  const { engine, optimizer, batchSize } = manifest;
  const loss =
    scalars.length === 0
      ? ""
      : `, ${scalars[0].loss.toPrecision(4)} at first, ${scalars[scalars.length - 1].loss.toPrecision(4)} at last`;
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  return table([
    ["run", run.path],
    ["status", stateText(run)],
    ...recordingRows(recordingOf(run)),
    ["data", dataText(run)],
    ["model", modelText(run)],
    ["loss", `${manifest.loss}${loss}`],
    ["optimizer", optimizerText(optimizer)],
    ["batches", `${grouped(batchSize)} examples a step, seed ${manifest.seed} (${manifest.generator})`],
    ["checkpoints", checkpointText(run)],
    ["engine", `${engine.name} ${engine.version}, ${engine.threads} threads`],
    ["made", `${manifest.createdAt} by ${manifest.software}`],
    ["size", formatBytes(total)],
    ...sizes.map(
      ({ part, files, bytes }) =>
        [`  ${part}`, `${formatBytes(bytes)}${files > 1 ? ` in ${grouped(files)} files` : ""}`] as const,
    ),
  ]);
}

/** Prints what is recorded. */
export async function runInfo({ args, output }: Invocation): Promise<ExitCode> {
  const opened = await openRun(args[0]);
  const sizes = partSizes(opened.path);
  output.print(infoText(opened, sizes));
  const { status, steps, plannedSteps, checkpointEvery } = opened.manifest;
  const { path, checkpoints, scalars } = opened;
  output.value("info", {
    path,
    status,
    steps,
    plannedSteps,
    setup: setupOf(opened),
    checkpointEvery,
    checkpoints,
    recording: recordingOf(opened) ?? null,
    replaySteps: farthestReplay(checkpoints),
    sizes,
    lastStep: scalars.at(-1) ?? null,
  });
  return 0;
}
