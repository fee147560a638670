// What chords are compared with: each way of explaining a run, its cost, its residual, and its error example by example.

import { type ExplainOptions, explain } from "../src/explain/explain.ts";
import { explainSuperposition } from "../src/explain/explain-superposition.ts";
import { datasetQueries } from "../src/explain/queries.ts";
import { difference } from "../src/explain/shift.ts";
import { superpose } from "../src/explain/superpose.ts";
import type { Superposition } from "../src/explain/superposition.ts";
import type { Explanation } from "../src/explain/types.ts";
import { createOptimizer } from "../src/optimizers/registry.ts";
import type { Checkpoint, Run } from "../src/run/types.ts";
import { meanBatch } from "../src/train/batches.ts";
import { stateAt } from "../src/train/trajectory.ts";
import { CHORDS, type Setting, STEPS } from "./chord-settings.ts";

export interface Measured {
  readonly method: string;
  readonly kind: "steps" | "chords" | "superposition" | "TracIn-CP";
  /** Full gradients of one query. */
  readonly gradients: number;
  /** Directional derivatives of one query, taken to place them. */
  readonly slopes: number;
  readonly ms: number;
  /** max |output - prior - contributions - terms| over the rows, relative to the largest change. */
  readonly residual: number;
  /** ||contributions - reference|| / ||reference||. */
  readonly error: number;
  readonly correlation: number;
}

export interface Comparison {
  readonly methods: readonly Measured[];
  readonly superposition: {
    readonly closure: number;
    readonly ms: number;
    /** ||w_S - w_0|| / ||w_0||. */
    readonly way: number;
  };
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const start = performance.now();
  const result = await work();
  return { result, ms: performance.now() - start };
}

/** The second of two runs where the first took less than two seconds: graphs are compiled then. */
async function warm<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const first = await timed(work);
  return first.ms > 2000 ? first : timed(work);
}

/** What no example, term or prior has of the output. */
function unexplained({ output, prior, net, terms, scale }: Explanation): number {
  const left = output.map((f, r) => f - prior[r] - net[r] - terms.reduce((sum, { values }) => sum + values[r], 0));
  return Math.max(...left.map(Math.abs)) / scale;
}

/**
 * TracIn's sum over checkpoints (Pruthi et al. 2020, arXiv:2002.08484) for a readout: eta k J(x; w_t) g_i(w_t), every example's gradient at every
 * k-th state as if all had been in every batch. As a run: full batches of 1/n, a step size of eta k, the left rule.
 */
async function tracIn(
  { task, run }: Setting,
  chord: number,
): Promise<{ readonly task: Setting["task"]; readonly run: Run }> {
  const examples = task.dataset.train.x.shape[0];
  const all = meanBatch(Int32Array.from({ length: examples }, (_, i) => i));
  const steps = Math.ceil(STEPS / chord);
  const states: Checkpoint[] = [];
  for (let j = 0; j <= steps; j++) states.push(await stateAt(task, run, Math.min(STEPS, j * chord)));
  const stepSize = run.scalars[0].stepSize * chord;
  const plain = createOptimizer("sgd", { lr: stepSize });
  return {
    task: { ...task, optimizer: plain },
    run: {
      ...run,
      batches: states.slice(1).map(() => all),
      scalars: states.slice(1).map((_, step) => ({ step, stepSize, loss: 0, gradientNorm: 0 })),
      checkpoints: states.map((_, j) => j),
      checkpoint: async (j) => ({ ...states[j], step: j, buffers: {} }),
    },
  };
}

/** Every method on one setting; `tracin` for plain gradient descent alone, which it is made for. */
export async function compareMethods(setting: Setting, told: (line: string) => void): Promise<Comparison> {
  const { task, run, rule, tolerance } = setting;
  const queries = datasetQueries(task, `test:0-${setting.queries - 1}`);
  const explained = (options: Partial<ExplainOptions>, on: { task: Setting["task"]; run: Run } = setting) =>
    explain(on.task, on.run, { queries, rule, tolerance, shift: 0, ...options });
  const reference = (await explained(rule === "auto" ? { tolerance: 1e-6 } : {})).contributions;
  const methods: Measured[] = [];
  const add = async (method: string, kind: Measured["kind"], work: () => Promise<Explanation>): Promise<void> => {
    const { result, ms } = await warm(work);
    const { relative: error, correlation } = difference(result.contributions, reference);
    const [gradients, slopes] = [result.cost.nodes, result.cost.probes].map((count) => count / setting.queries);
    methods.push({ method, kind, gradients, slopes, ms, residual: unexplained(result), error, correlation });
    told(`${method}: ${gradients.toFixed(1)} gradients a query, ${ms.toFixed(0)} ms, error ${error.toExponential(1)}`);
  };
  for (const own of ["left", "midpoint", "gauss2", ...(rule === "auto" ? ["auto"] : ["gauss4"])])
    await add(`steps, ${own}`, "steps", () => explained({ rule: own }));
  for (const chord of CHORDS) {
    await add(`chords of ${chord}, midpoint`, "chords", () => explained({ rule: "midpoint", chord }));
    await add(`chords of ${chord}, ${rule}`, "chords", () => explained({ chord }));
  }
  const { result: superposition, ms } = await timed(() => superpose(task, run));
  for (const own of ["gauss4", "gauss8", "gauss16", ...(rule === "auto" ? ["auto"] : [])])
    await add(`superposition, ${own}`, "superposition", () => fromStore(setting, superposition, own));
  if (task.optimizer.plain) {
    for (const chord of [1, ...CHORDS.slice(0, -1)]) {
      const form = await tracIn(setting, chord);
      await add(`TracIn-CP, every ${chord}`, "TracIn-CP", () => explained({ rule: "left" }, form));
    }
  }
  const [first, last] = [(await run.checkpoint(0)).params, (await run.checkpoint(STEPS)).params];
  const way = Math.hypot(...last.map((w: number, k: number) => w - first[k])) / Math.hypot(...first);
  return { methods, superposition: { closure: superposition.closure, ms, way } };
}

function fromStore(
  { task, run, queries, tolerance }: Setting,
  store: Superposition,
  rule: string,
): Promise<Explanation> {
  return explainSuperposition(task, run, store, {
    queries: datasetQueries(task, `test:0-${queries - 1}`),
    rule,
    tolerance,
  });
}

/** Whether nothing else is at least as cheap and at least as near; by gradients. */
export function isPareto(one: Measured, all: readonly Measured[]): boolean {
  return !all.some(
    (other) =>
      other.gradients <= one.gradients &&
      other.error <= one.error &&
      (other.gradients < one.gradients || other.error < one.error),
  );
}

/** The shift as it is estimated by default for one query, beside what it is. */
export async function compareShifts({ task, run, rule, tolerance }: Setting, chord: number) {
  const shiftOf = async (shift: number) =>
    (await explain(task, run, { queries: datasetQueries(task, "test:0"), rule, tolerance, chord, shift })).shift;
  return { estimated: await shiftOf(0.25), measured: await shiftOf(Infinity) };
}
