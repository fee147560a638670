// Runs fuzzed inputs in processes of their own, one after another in each, and counts what became of them.

import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Request, Response } from "./protocol.ts";
import type { Job, JobFamily } from "./shares.ts";

/** An input that takes longer, twice, is a failure: milliseconds of the processor, since the machine may be shared. */
export const LIMIT_MS = 1000;
/** By then, by the clock, it will not end. */
const HANG_MS = 20_000;
/** What a process may take to start: it loads what its families read with, on a machine that may be busy. */
const START_MS = 60_000;
/** What reading may take beside the input itself, for inputs of up to 1 MB. */
export const LIMIT_BYTES = 300 * 2 ** 20;
/** Of each process: what a JavaScript heap may grow to. */
const HEAP_MB = 400;
/** A process is replaced after so many inputs, so that what one leaves behind does not count for another. */
const INPUTS_EACH = 2000;

export interface Failure {
  readonly job: Job;
  readonly note: string;
  readonly fault: string;
}

export interface Tally {
  /** Inputs by family and outcome. */
  readonly outcomes: Map<string, Map<string, number>>;
  readonly failures: Failure[];
  readonly milliseconds: number[];
  /** The longest, by the clock. */
  mostElapsed: number;
  mostBytes: number;
  /** Inputs that took longer than the limit once and not again. */
  slowOnce: number;
}

/** One process, and what it is doing. */
class Worker {
  private readonly families: readonly JobFamily[];
  private readonly folder = mkdtempSync(join(tmpdir(), "pathkernel-fuzz-"));
  private child: ChildProcess | undefined;
  private answered = 0;
  private errors = "";
  private wake: ((response: Response | undefined) => void) | undefined;

  constructor(families: readonly JobFamily[]) {
    this.families = families;
  }

  /** The answer to a request, or what became of the process instead. */
  async ask(request: Omit<Request, "folder">, hangMs: number): Promise<Response> {
    if (this.answered >= INPUTS_EACH) this.stop();
    if (!this.child) await this.start();
    this.answered++;
    const answer = this.wait(hangMs);
    this.child?.send({ ...request, folder: join(this.folder, "input") } satisfies Request);
    const response = await answer;
    if (response) return response;
    const fault =
      this.child === undefined
        ? `the process died: ${this.errors.trim().slice(0, 600)}`
        : `no answer after ${hangMs / 1000} s`;
    this.stop();
    return { note: "", outcome: "died", fault, milliseconds: hangMs, elapsed: hangMs, bytes: 0 };
  }

  stop(): void {
    this.child?.removeAllListeners("exit");
    this.child?.kill("SIGKILL");
    this.child = undefined;
  }

  close(): void {
    this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async start(): Promise<void> {
    this.errors = "";
    this.answered = 0;
    const child = fork(fileURLToPath(new URL("./child.ts", import.meta.url)), this.families, {
      execArgv: ["--import", import.meta.resolve("tsx/esm"), `--max-old-space-size=${HEAP_MB}`],
      // What a shell set for the parent (vitest's workers among them) is not for the child.
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.child = child;
    child.stderr?.on("data", (data) => {
      this.errors = (this.errors + data).slice(-2000);
    });
    child.on("message", (response) => this.wake?.(response as Response));
    child.on("exit", (code, signal) => {
      this.errors += ` (${signal ?? `exit code ${code}`})`;
      this.child = undefined;
      this.wake?.(undefined);
    });
    if (!(await this.wait(START_MS))) throw new Error(`the fuzzer's process must start, got ${this.errors}`);
  }

  private wait(milliseconds: number): Promise<Response | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake?.(undefined), milliseconds);
      this.wake = (response) => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve(response);
      };
    });
  }
}

/** What is wrong with an answer, or undefined. */
function faultOf({ fault, milliseconds, bytes }: Response, limitMs: number): string | undefined {
  if (fault !== undefined) return fault;
  if (bytes > LIMIT_BYTES) return `took ${Math.round(bytes / 2 ** 20)} MiB`;
  return milliseconds > limitMs ? `took ${Math.round(milliseconds)} ms of the processor` : undefined;
}

export interface PoolOptions {
  readonly seed: number;
  readonly workers: number;
  /** Default: `LIMIT_MS`. */
  readonly limitMs?: number;
  /** Default: 20 s. */
  readonly hangMs?: number;
  /** Folder for inputs that fail, each in a folder of its own. */
  readonly save?: string | undefined;
  readonly onFailure?: ((failure: Failure) => void) | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** Reads all inputs; never throws for what one of them does. */
export async function runJobs(jobs: readonly Job[], options: PoolOptions): Promise<Tally> {
  const { seed, save, limitMs = LIMIT_MS, hangMs = HANG_MS } = options;
  const tally: Tally = {
    outcomes: new Map(),
    failures: [],
    milliseconds: [],
    mostElapsed: 0,
    mostBytes: 0,
    slowOnce: 0,
  };
  let next = 0;
  const count = (job: Job, { outcome, milliseconds, elapsed, bytes }: Response): void => {
    const ofFamily = tally.outcomes.get(job.family) ?? new Map<string, number>();
    tally.outcomes.set(job.family, ofFamily.set(outcome, (ofFamily.get(outcome) ?? 0) + 1));
    tally.milliseconds.push(milliseconds);
    tally.mostElapsed = Math.max(tally.mostElapsed, elapsed);
    tally.mostBytes = Math.max(tally.mostBytes, bytes);
  };
  const work = async (worker: Worker): Promise<void> => {
    while (next < jobs.length) {
      const job = jobs[next++];
      let response = await worker.ask({ seed, job }, hangMs);
      if (response.fault === undefined && response.milliseconds > limitMs) {
        // Code that runs for the first time is compiled meanwhile: what is slow twice is slow.
        const again = await worker.ask({ seed, job }, hangMs);
        if (faultOf(again, limitMs) === undefined) tally.slowOnce++;
        response = again;
      }
      count(job, response);
      options.onProgress?.(tally.milliseconds.length);
      const fault = faultOf(response, limitMs);
      if (fault === undefined) continue;
      const place = save === undefined ? undefined : join(save, `${job.family}-${seed}-${job.index}`);
      const { note } = place === undefined ? response : await worker.ask({ seed, job, save: place }, hangMs);
      const failure = { job, note, fault };
      tally.failures.push(failure);
      options.onFailure?.(failure);
    }
  };
  const families = [...new Set(jobs.map(({ family }) => family))];
  const workers = Array.from({ length: Math.min(options.workers, jobs.length) }, () => new Worker(families));
  try {
    await Promise.all(workers.map(work));
  } finally {
    for (const worker of workers) worker.close();
  }
  return tally;
}
