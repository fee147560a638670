// `npm run bench:recording [-- --write]`: what recording adds to training on MNIST, in time and on disk, for three checkpoint budgets.

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cnn } from "../src/models/cnn.ts";
import { mlp } from "../src/models/mlp.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { sha256 } from "../src/numeric/sha256.node.ts";
import { farthestReplay, planCheckpoints } from "../src/run/checkpoint-plan.ts";
import { openRun } from "../src/run/run-reader.node.ts";
import { createRunWriter } from "../src/run/run-writer.node.ts";
import type { Batch, NewRun, Run, RunWriter } from "../src/run/types.ts";
import { shuffledBatches } from "../src/train/batches.ts";
import { trainInMemory } from "../src/train/memory-training.ts";
import { Stepper } from "../src/train/stepper.ts";
import { trainableOf } from "../src/train/task.ts";
import { train } from "../src/train/train.ts";
import { sameState } from "../src/train/trajectory.ts";
import { command, countOf } from "./command.ts";
import { markdownTable, type Table, writeSection } from "./report.ts";
import { type BenchTask, type BenchTaskOptions, benchTask, mnist } from "./tasks.ts";

const BATCH = 64;
/** All training images but 32, so that every batch is full. */
const EXAMPLES = 937 * BATCH;
const ROUNDS = 3;
const THREADS = 2;

const BUDGETS: readonly (readonly [words: string, bytes: number])[] = [
  ["16 MB", 16e6],
  ["256 MB", 256e6],
  ["every step", Number.POSITIVE_INFINITY],
];

interface Network {
  readonly about: string;
  readonly model: BenchTaskOptions["model"];
  readonly steps: number;
}

const NETWORKS: readonly Network[] = [
  { about: "784-128-10 relu", model: (shape) => mlp({ ...shape, hidden: [128], activation: "relu" }), steps: 937 },
  {
    about: "CNN 16/32/64, 128",
    model: (shape) => cnn({ ...shape, channels: [16, 32, 64], hidden: 128 }),
    steps: 150,
  },
];

type Optimizer = NonNullable<BenchTaskOptions["optimizer"]>;

const OPTIMIZERS: readonly Optimizer[] = [
  { name: "sgd", options: { lr: 0.05 } },
  { name: "adam", options: { lr: 1e-3 } },
];

async function timed<T>(work: () => Promise<T>): Promise<readonly [ms: number, result: T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

/** The steps alone, as `train` takes them: batch gathered, loss and gradient norm known; nothing is kept. */
async function plain({ task, params }: BenchTask, batches: readonly Batch[]): Promise<Stepper> {
  const stepper = new Stepper(task);
  stepper.params.set(trainableOf(task, params, "float32"));
  for (const batch of batches) {
    const { fault } = await stepper.advance(batch, task.optimizer.stepSize);
    if (fault) throw new Error(`a benchmarked step must stay finite: ${fault}`);
  }
  return stepper;
}

/** What a run of this task records before its first step. */
async function newRun({ task, params }: BenchTask, steps: number, every: number): Promise<NewRun> {
  const { manifest, modelBytes, layout } = await trainInMemory(task, { params, batches: [] });
  const model = { ...manifest.model, sha256: sha256(modelBytes) };
  return { modelBytes, layout, manifest: { ...manifest, model, plannedSteps: steps, checkpointEvery: every } };
}

interface Recorded {
  readonly run: Run;
  readonly path: string;
  /** Milliseconds between entering and leaving the record: making it, all calls of its writer, opening it. */
  readonly inside: number;
}

/** The same writer, and the time that is spent in it. */
function watched(writer: RunWriter) {
  let ms = 0;
  const through = async (work: () => Promise<void>): Promise<void> => {
    const start = performance.now();
    await work();
    ms += performance.now() - start;
  };
  const own: RunWriter = {
    path: writer.path,
    appendStep: (batch, scalars) => {
      const start = performance.now();
      writer.appendStep(batch, scalars);
      ms += performance.now() - start;
    },
    writeCheckpoint: (checkpoint) => through(() => writer.writeCheckpoint(checkpoint)),
    flush: () => through(() => writer.flush()),
    finish: (status) => through(() => writer.finish(status)),
    abort: () => through(() => writer.abort()),
  };
  return { writer: own, spent: () => ms };
}

/** The same training with its record on disk, finished and closed. */
async function recorded(made: BenchTask, batches: readonly Batch[], started: NewRun, path: string): Promise<Recorded> {
  const { task, params } = made;
  const [making, own] = await timed(() => createRunWriter(path, { ...started, force: true }));
  const { writer, spent } = watched(own);
  const { checkpointEvery } = started.manifest;
  const initial = trainableOf(task, params, "float32");
  await train({ task, initial, batches, plannedSteps: batches.length, checkpointEvery, writer });
  const [opened, run] = await timed(() => openRun(path));
  return { run, path, inside: making + spent() + opened };
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0);
}

const megabytes = (bytes: number): string => (bytes / 1e6).toPrecision(3);

/** One network under one optimizer: a row for each budget. */
async function measure(network: Network, optimizer: Optimizer, { steps, folder }: { steps: number; folder: string }) {
  const made = await benchTask({ model: network.model, dataset: await mnist(EXAMPLES), threads: THREADS, optimizer });
  const { task } = made;
  const random = randomFrom(0, "batches");
  const batches = [...shuffledBatches({ examples: EXAMPLES, batchSize: BATCH, steps }, random)];
  const size = {
    parameterCount: task.layout.size,
    bufferCount: task.optimizer.buffers.length,
    dtype: "float32",
  } as const;
  const plans = BUDGETS.map(([, budgetBytes]) => planCheckpoints({ ...size, steps, budgetBytes }));
  const starts = await Promise.all(plans.map(({ every }) => newRun(made, steps, every)));
  await plain(made, batches.slice(0, 20));
  let least = Number.POSITIVE_INFINITY;
  const [times, insides] = [0, 1].map(() => BUDGETS.map(() => Number.POSITIVE_INFINITY));
  const rows: string[][] = [];
  // All take turns, so that each meets the machine in the same states.
  for (let round = 0; round < ROUNDS; round++) {
    const [ms, stepper] = await timed(() => plain(made, batches));
    least = Math.min(least, ms);
    for (const [k, started] of starts.entries()) {
      const [taken, { run, path, inside }] = await timed(() =>
        recorded(made, batches, started, join(folder, "bench.pkrun")),
      );
      times[k] = Math.min(times[k], taken);
      insides[k] = Math.min(insides[k], inside);
      if (!sameState(stepper, await run.checkpoint(steps))) throw new Error("recording must not change the training");
      const checkpoints = bytesBelow(join(path, "checkpoints"));
      const sizes = [megabytes(checkpoints), megabytes(bytesBelow(path) - checkpoints)];
      rows[k] = [String(run.checkpoints.length), String(farthestReplay(run.checkpoints)), ...sizes];
    }
  }
  await task.engine.release();
  return BUDGETS.map(([words], k) => [
    `${network.about}, ${optimizer.name}`,
    words,
    ...rows[k],
    (least / steps).toFixed(2),
    (times[k] / steps).toFixed(2),
    `${(100 * (times[k] / least - 1)).toFixed(1)} %`,
    `${((100 * insides[k]) / least).toFixed(1)} %`,
  ]);
}

const HEAD = [
  "trained",
  "checkpoint budget",
  "checkpoints",
  "steps of replay to any step, at most",
  "checkpoints, MB",
  "model, batches, numbers, MB",
  "ms a step, plain",
  "recorded",
  "overhead",
  "spent in the record",
];

const ABOUT = `MNIST, batch ${BATCH}, float32, ${THREADS} threads; ${NETWORKS.map(({ about, steps }) => `${steps} steps of ${about}`).join(", ")}. Plain: the same steps with nothing kept. Recorded: with the run's folder made, written, closed and opened again. Spent in the record: making it, all calls of its writer and opening it, against the plain steps; what lies between that and the overhead is the machine's noise, or caches that the record emptied. The best of ${ROUNDS} rounds in which all take turns; the last parameters and states are equal bit for bit.`;

await command({ write: { type: "boolean" }, steps: { type: "string" } }, async ({ values }) => {
  if (values.write && values.steps) throw new RangeError("--write must not be given with --steps");
  const folder = mkdtempSync(join(tmpdir(), "pathkernel-recording-"));
  const rows: string[][] = [];
  try {
    for (const network of NETWORKS) {
      for (const optimizer of OPTIMIZERS) {
        const steps = values.steps === undefined ? network.steps : countOf(values.steps, "--steps");
        const measured = await measure(network, optimizer, { steps, folder });
        for (const row of measured) console.log(row.join("  "));
        rows.push(...measured);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const table: Table = { head: HEAD, rows };
  console.log(`\n${ABOUT}\n\n${markdownTable(table)}`);
  if (values.write) writeSection("Recording", ABOUT, table);
});
