// Kills trainings at random instants, looks whether what they leave can be read, and goes on with it to the end.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { randomFrom } from "../../src/numeric/random.ts";
import { inspectRun } from "../../src/run/inspect-run.node.ts";
import { runHash } from "../../src/run/run-hash.node.ts";
import { writerOf } from "../../src/run/run-lock.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { resumeTraining } from "../../src/train/resume.node.ts";
import type { TrainingRequest } from "../../src/train/training.node.ts";

export interface KillOptions {
  readonly kills: number;
  /** More kills, up to ten times as many, until so many found a record that was not complete. Default 0. */
  readonly incomplete?: number;
  readonly seed: number;
  /** Where runs are made; its `run.pkrun` is used again and again. */
  readonly folder: string;
  /** What is trained, without its place. */
  readonly request: Omit<TrainingRequest, "out">;
  readonly log?: (line: string) => void;
}

export interface KillReport {
  /** Milliseconds that trainings took from the run's appearance to their end: the first, which was not killed, and the shortest. */
  readonly duration: { readonly first: number; readonly shortest: number };
  readonly kills: number;
  /** Kills that found a record that was not complete. */
  readonly incomplete: number;
  /** Of these, in the middle of writing: a temporary file was left. */
  readonly whileWriting: number;
  /** Kills of a training that had itself been gone on with. */
  readonly ofResumed: number;
  /** Faults of what was left, and hashes that were others; each in one line. */
  readonly failures: readonly string[];
}

const CHILD = join(import.meta.dirname, "train-child.ts");

function start(request: TrainingRequest): ChildProcess {
  const args = ["--import", import.meta.resolve("tsx"), CHILD, JSON.stringify(request)];
  return spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const ended = (child: ChildProcess) =>
  new Promise<void>((resolve) =>
    child.exitCode !== null || child.signalCode !== null ? resolve() : child.on("exit", () => resolve()),
  );

/** Waits until the child records the run, or has ended. */
async function untilRecording(child: ChildProcess, path: string): Promise<void> {
  while (writerOf(path)?.pid !== child.pid && child.exitCode === null) await sleep(1);
}

function leftTemporary(path: string): boolean {
  return readdirSync(path, { recursive: true }).some((name) => /\.tmp$/.test(String(name)));
}

export async function killTrainings(options: KillOptions): Promise<KillReport> {
  const { kills, seed, folder, request, log } = options;
  const random = randomFrom(seed, "kills");
  const path = join(folder, "run.pkrun");
  const training = { ...request, out: path };
  const whole = start(training);
  await untilRecording(whole, path);
  const began = performance.now();
  await ended(whole);
  const first = performance.now() - began;
  // Instants are drawn from as much time as trainings take at present, whatever else the machine does.
  let [duration, shortest] = [first, first];
  const learn = (milliseconds: number, steps: number): void => {
    const whole = (milliseconds * size) / Math.max(1, steps);
    if (steps > size / 10) duration = (duration + whole) / 2;
    shortest = Math.min(shortest, duration);
  };
  const [hash, size] = [await runHash(await openRun(path)), (await openRun(path)).manifest.plannedSteps];
  rmSync(path, { recursive: true });
  log?.(`a training takes ${(first / 1000).toFixed(1)} s, ${size} steps; its hash is ${hash}`);
  const failures: string[] = [];
  let [incomplete, whileWriting, ofResumed] = [0, 0, 0];

  /** Kills a training that is begun, or gone on with, at an instant of what is left of it; whether it had not ended. */
  const kill = async (name: string): Promise<boolean> => {
    const isResumed = existsSync(path);
    const done = isResumed ? (await openRun(path)).manifest.steps : 0;
    const instant = random.uniform() * duration * (1 - done / size);
    const child = start(training);
    await untilRecording(child, path);
    const started = performance.now();
    await Promise.race([sleep(instant), ended(child)]);
    child.kill("SIGKILL");
    await ended(child);
    const passed = performance.now() - started;
    const isLeft = leftTemporary(path);
    const { run, faults } = await inspectRun(path, { deep: true });
    const broken = faults.filter(({ disables }) => disables.includes("explain"));
    for (const { part, problem } of broken) failures.push(`${name}: ${part}: ${problem}`);
    const { status, steps } = run?.manifest ?? { status: "broken", steps: 0 };
    if (steps < done) failures.push(`${name}: must keep the ${done} steps that it had, got ${steps}`);
    learn(passed, steps - done);
    const at = `${(passed / 1000).toFixed(2)} s${isResumed ? ` after step ${done}` : ""}`;
    log?.(`${name}: killed at ${at}, ${status}, ${steps} steps${isLeft ? ", while writing" : ""}`);
    if (status === "complete") return false;
    incomplete++;
    if (isLeft) whileWriting++;
    if (isResumed) ofResumed++;
    return true;
  };

  let done = 0;
  while (done < kills || (incomplete < (options.incomplete ?? 0) && done < 10 * kills)) {
    let isOpen = await kill(`${++done}`);
    // A third of those that are gone on with are killed again.
    while (isOpen && done < kills && random.uniform() < 1 / 3) isOpen = await kill(`${++done}`);
    try {
      const { task, run } = await resumeTraining({ run: path });
      await task.engine.release();
      const got = await runHash(run);
      if (got !== hash) failures.push(`${done}: must end with the hash ${hash}, got ${got}`);
      const { faults } = await inspectRun(path, { deep: true });
      for (const { part, problem } of faults) failures.push(`${done}: at its end: ${part}: ${problem}`);
    } catch (error) {
      failures.push(`${done}: must go on, got ${error}`);
    }
    rmSync(path, { recursive: true });
  }
  const others = readdirSync(folder);
  if (others.length > 0) failures.push(`nothing must be left beside the run, got ${others.join(", ")}`);
  return { duration: { first, shortest }, kills: done, incomplete, whileWriting, ofResumed, failures };
}
