// `pathkernel info`: what a run holds, what is missing of it, and what that disables.

import { isPathkernelError } from "../errors.ts";
import { farthestReplay } from "../run/checkpoint-plan.ts";
import { abilities, inspectRun, type PartSize, type RunFault, type RunInspection } from "../run/inspect-run.node.ts";
import { type RecordingReport, recordingOf } from "../run/recording.ts";
import type { Run, RunManifest } from "../run/types.ts";
import { loadRunData } from "../train/reopen.node.ts";
import type { Invocation } from "./command.ts";
import * as flags from "./flags.ts";
import { formatBytes, grouped, table } from "./format.ts";
import { type SuperpositionReport, superpositionReport } from "./info-superposition.ts";
import type { ExitCode } from "./io.ts";
import { checkpointText, optimizerText, recordingText, setupOf } from "./run-text.ts";

const SHAPE = { data: flags.text().optional(), deep: flags.toggle().optional() };

function modelText({ manifest, layout }: Run): string {
  const { spec, parameters, trainable } = manifest.model;
  const frozen = parameters.length - trainable.length;
  const trained = `${grouped(layout.size)} parameters trained in ${trainable.length} tensors`;
  return `${spec}, ${manifest.dtype}, ${trained}${frozen > 0 ? `, ${frozen} more tensors kept as they were` : ""}`;
}

function dataText({ data }: RunManifest): string {
  const { source, limit, trainExamples, testExamples, classes, task, sha256 } = data;
  const what = task === "classification" ? `${classes.length} classes` : "regression";
  const counts = `${grouped(trainExamples)} training examples${limit === null ? "" : " (limited)"}, ${grouped(testExamples)} test`;
  return `${source}: ${counts}, ${what}, sha256 ${sha256.slice(0, 12)}...`;
}

function stateText({ status, steps, plannedSteps }: RunManifest, run: Run | undefined): string {
  const readable = run?.batches.length ?? 0;
  const told = readable === steps ? "" : `, ${grouped(readable)} can be read`;
  return `${status}, ${grouped(steps)} of ${grouped(plannedSteps)} steps recorded${told}`;
}

function lossText({ manifest, scalars }: Run): string {
  if (scalars.length === 0) return manifest.loss;
  const [first, last] = [scalars[0], scalars[scalars.length - 1]].map(({ loss }) => loss.toPrecision(4));
  return `${manifest.loss}, ${first} at first, ${last} at last`;
}

function dropoutText({ dropout, generator }: NonNullable<RunManifest["random"]>): string {
  return `${dropout.join(", ")}: masks by the recorded key of each occurrence (${generator}), none in what is explained`;
}

function engineText({ engine }: RunManifest): string {
  const { name, version, threads, provider, cpu } = engine;
  return `${name} ${version}${provider ? ` on ${provider}` : ""}, ${threads} threads${cpu ? `, ${cpu.model}` : ""}`;
}

function faultText({ part, problem, effect, disables }: RunFault): string {
  const disabled = disables.join(", ");
  const told = [effect, disabled && `disables ${disabled}`].filter(Boolean).join("; ");
  return `${problem.startsWith(part) ? problem : `${part}: ${problem}`} (${told})`;
}

/** The record of another program's loop: what it has, what that disables, and, without batches, its own numbers of the states. */
function recordingRows(recording: RecordingReport | undefined): (readonly [string, string])[] {
  if (!recording) return [];
  const [first, ...more] = recordingText(recording).split("\n");
  const { loopSteps } = recording;
  const states = loopSteps && ([["states", `before the loop's steps ${loopSteps.join(", ")}`]] as const);
  return [["recorded", first], ...more.map((line) => ["", line.trim()] as const), ...(states ?? [])];
}

/** What is known however little can be read. */
function infoText({ path, manifest, run, hash, faults, sizes }: RunInspection, stored?: SuperpositionReport): string {
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const known: (readonly [string, string])[] = [["run", path]];
  if (manifest !== undefined) {
    const { optimizer, batchSize, seed, generator } = manifest;
    known.push(["status", stateText(manifest, run)]);
    if (run !== undefined) known.push(...recordingRows(recordingOf(run)));
    known.push(["data", dataText(manifest)]);
    if (run !== undefined) known.push(["model", modelText(run)]);
    known.push(["loss", run === undefined ? manifest.loss : lossText(run)]);
    known.push(["optimizer", optimizerText(optimizer)]);
    if (manifest.random) known.push(["dropout", dropoutText(manifest.random)]);
    known.push(["batches", `${grouped(batchSize)} examples a step, seed ${seed} (${generator})`]);
    if (run !== undefined) known.push(["checkpoints", checkpointText(run)]);
    if (stored !== undefined) known.push(["superposition", stored.text]);
    known.push(["engine", engineText(manifest)]);
    known.push(["made", `${manifest.createdAt} by ${manifest.software}`]);
  }
  if (hash !== undefined) known.push(["hash", hash]);
  const parts = sizes.map(({ part, files, bytes }: PartSize) => {
    return [`  ${part}`, `${formatBytes(bytes)}${files > 1 ? ` in ${grouped(files)} files` : ""}`] as const;
  });
  const missing = faults.map((fault) => ["missing", faultText(fault)] as const);
  return table([...known, ["size", formatBytes(total)], ...parts, ...missing]);
}

/** Whether the data are there and still the same. */
async function dataFault({ path, manifest }: RunInspection, given: string | undefined): Promise<RunFault | undefined> {
  if (manifest === undefined) return undefined;
  try {
    await loadRunData({ path, manifest }, given);
    return undefined;
  } catch (error) {
    if (!isPathkernelError(error) && !(error instanceof RangeError)) throw error;
    return { part: `data ${manifest.data.source}`, problem: error.message, effect: undefined, disables: abilities };
  }
}

function told({ path, manifest, run, hash, faults, sizes }: RunInspection, found: boolean): Record<string, unknown> {
  const { status, steps, plannedSteps, checkpointEvery, optimizer, schedule, data } = manifest ?? {};
  return {
    path,
    complete: status === "complete" && run !== undefined,
    status,
    steps: run?.batches.length ?? 0,
    recordedSteps: steps,
    plannedSteps,
    hash,
    optimizer,
    schedule,
    data: data && { ...data, found },
    setup: run && setupOf(run),
    checkpointEvery,
    checkpoints: run?.checkpoints,
    replaySteps: run && farthestReplay(run.checkpoints),
    recording: (run && recordingOf(run)) ?? null,
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    sizes,
    lastStep: run?.scalars.at(-1) ?? null,
    missing: faults.map((fault) => ({ ...fault, effect: fault.effect ?? null })),
  };
}

/** Prints what is recorded; exit code 3 where a part that something needs is missing or broken. */
export async function runInfo({ args, flags: raw, output }: Invocation): Promise<ExitCode> {
  const { data, deep = false } = flags.parseFlags(SHAPE, raw);
  const inspected = await inspectRun(args[0], { deep });
  const lost = await dataFault(inspected, data);
  const found = inspected.run && (await superpositionReport(inspected.run));
  const [stored, broken] = found && "part" in found ? [undefined, found] : [found, undefined];
  const faults = [...inspected.faults, lost, broken].filter((fault) => fault !== undefined);
  const whole = { ...inspected, faults };
  output.print(infoText(whole, stored));
  const superposition = stored?.facts ?? null;
  output.value("info", { ...told(whole, lost === undefined && whole.manifest !== undefined), superposition });
  return inspected.run === undefined || (deep && inspected.hash === undefined) ? 3 : 0;
}
