// Kinks of piecewise networks: which units are active on a sample, which never are, and how many change sides along training.

import { flatPerExample, switchGroupsOf } from "../differentiate/switches.ts";
import { GraphBuilder, valueIn } from "../graph/builder.ts";
import type { Graph, Value } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import { examplesOf } from "../train/examples.ts";
import { examplesPerTile } from "../train/stepper.ts";
import type { Task } from "../train/task.ts";
import type { Progress } from "../train/train.ts";
import { stateAt } from "../train/trajectory.ts";

/** The switching functions of one operator of the graph: a unit is one of its elements. */
export interface UnitGroup {
  /** `Relu`, `MaxPool`, ... */
  readonly operator: string;
  /** The value whose sign is looked at, as the graph calls it. */
  readonly value: string;
  /** Axes behind the batch. */
  readonly shape: readonly number[];
  /** Its units are those from here on. */
  readonly first: number;
  readonly units: number;
}

export interface UnitActivity {
  readonly groups: readonly UnitGroup[];
  readonly examples: number;
  /** Part of the examples on which each unit's switching function is > 0 (units). For Relu: on which it is active. */
  readonly active: Float64Array;
  /** Units with 0, and with 1. A ReLU that is dormant on all examples of a batch gets no gradient from it, to the last bit. */
  readonly dormant: number;
  readonly alwaysActive: number;
}

interface SwitchGraph {
  /** -> switch.K (N, m). */
  readonly graph: Graph;
  readonly groups: readonly UnitGroup[];
}

const graphs = new WeakMap<Graph, Map<string, SwitchGraph>>();
const nameOf = (k: number): string => `switch.${k}`;

function build({ split: { head }, layout }: Task): SwitchGraph {
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  for (const name of head.inputs) inputs[name] = b.input(name, valueIn(head, name).dtype, valueIn(head, name).shape);
  const y = b.inline(head, inputs).get("y") as Value;
  const found = switchGroupsOf(b, { targets: [y], parameters: layout.entries.map(({ name }) => inputs[name]) });
  let first = 0;
  const groups: UnitGroup[] = [];
  const outputs: Record<string, Value> = {};
  found.forEach(({ operator, value }, k) => {
    const flat = flatPerExample(b, value);
    const units = flat.shape[1] as number;
    outputs[nameOf(k)] = flat;
    groups.push({ operator, value: value.name, shape: value.shape.slice(1) as number[], first, units });
    first += units;
  });
  return { graph: b.build(outputs), groups };
}

function switchGraphOf(task: Task): SwitchGraph {
  const ofHead = graphs.get(task.split.head) ?? new Map<string, SwitchGraph>();
  graphs.set(task.split.head, ofHead);
  const key = task.layout.entries.map(({ name }) => name).join();
  const known = ofHead.get(key) ?? build(task);
  ofHead.set(key, known);
  return known;
}

/** 1 where a unit's switching function is > 0: (examples, units). */
async function signsOf(task: Task, params: RealArray, xs: Tensor): Promise<Uint8Array> {
  const { engine, frozen, layout } = task;
  const { graph, groups } = switchGraphOf(task);
  const source = examplesOf(task, { x: xs });
  const units = groups.reduce((total, group) => total + group.units, 0);
  const signs = new Uint8Array(source.count * units);
  if (units === 0) return signs;
  const program = engine.compile(graph);
  const tile = Math.min(1024, examplesPerTile(graph));
  for (let start = 0; start < source.count; start += tile) {
    const rows = Int32Array.from({ length: Math.min(tile, source.count - start) }, (_, k) => start + k);
    const results = await program.run({ ...frozen, ...viewsOf(layout, params), ...(await source.feeds(rows)) });
    groups.forEach(({ first, units: own }, k) => {
      const values = results[nameOf(k)].data as RealArray;
      for (let n = 0; n < rows.length; n++)
        for (let u = 0; u < own; u++) if (values[n * own + u] > 0) signs[(start + n) * units + first + u] = 1;
    });
  }
  return signs;
}

function activityOf(signs: Uint8Array, groups: readonly UnitGroup[], examples: number): UnitActivity {
  const units = groups.reduce((total, group) => total + group.units, 0);
  const counts = new Int32Array(units);
  for (let n = 0; n < examples; n++) for (let u = 0; u < units; u++) counts[u] += signs[n * units + u];
  return {
    groups,
    examples,
    active: Float64Array.from(counts, (count) => count / examples),
    dormant: counts.filter((count) => count === 0).length,
    alwaysActive: counts.filter((count) => count === examples).length,
  };
}

function requireExamples(where: string, xs: Tensor): void {
  if (xs.shape[0] === 0) throw new RangeError(`${where}: there must be an example, got none`);
}

/**
 * Which units of a piecewise network are active on a sample. A unit is an element of a switching function that trained parameters move: a ReLU's
 * input (of a convolution one for each channel and place), of a pool winner less runner-up. A smooth model has none. Units of a frozen part are not looked at.
 *
 * Cost: a forward pass. RangeError for no examples.
 */
export async function unitActivity(task: Task, params: RealArray, xs: Tensor): Promise<UnitActivity> {
  requireExamples("unitActivity", xs);
  return activityOf(await signsOf(task, params, xs), switchGraphOf(task).groups, xs.shape[0]);
}

export interface KinkStep extends Omit<UnitActivity, "groups" | "examples"> {
  /** The state before this step. */
  readonly step: number;
  /** Pairs of unit and example whose sign is another than at the step before in the list; absent at the first. */
  readonly crossings?: number;
  /** Units among them, each once. */
  readonly unitsCrossed?: number;
}

export interface KinksAlong extends Pick<UnitActivity, "groups" | "examples"> {
  readonly steps: readonly KinkStep[];
}

export interface KinksAlongOptions {
  /** Ascending. */
  readonly steps: readonly number[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * The same at some steps of a run, with the kinks that were crossed between each and the one before. Signs are compared at those steps alone: of a
 * unit that went over and back between two of them nothing is seen, so that with gaps the counts are lower bounds.
 *
 * Cost: a forward pass a step, and the replay of what lies between the steps' checkpoints. Memory: examples x units bytes, twice.
 *
 * Errors: RangeError for no examples, no steps, steps that do not ascend or that the run does not have.
 */
export async function kinksAlong(
  task: Task,
  run: Run,
  xs: Tensor,
  { steps, signal, onProgress }: KinksAlongOptions,
): Promise<KinksAlong> {
  const where = "kinksAlong";
  requireExamples(where, xs);
  if (steps.length === 0) throw new RangeError(`${where}: there must be a step, got none`);
  const wrong = steps.find((step, k) => k > 0 && step <= steps[k - 1]);
  if (wrong !== undefined) throw new RangeError(`${where}: steps must ascend, got ${steps}`);
  const { groups } = switchGraphOf(task);
  const [examples] = xs.shape;
  const found: KinkStep[] = [];
  let before: Uint8Array | undefined;
  for (const [k, step] of steps.entries()) {
    signal?.throwIfAborted();
    const { params } = await stateAt(task, run, step);
    const signs = await signsOf(task, params, xs);
    const { active, dormant, alwaysActive } = activityOf(signs, groups, examples);
    found.push({ step, active, dormant, alwaysActive, ...(before && crossed(before, signs, examples)) });
    before = signs;
    onProgress?.({ stage: "kinks", done: k + 1, total: steps.length });
  }
  return { groups, examples, steps: found };
}

function crossed(
  before: Uint8Array,
  after: Uint8Array,
  examples: number,
): Pick<KinkStep, "crossings" | "unitsCrossed"> {
  const units = after.length / examples;
  const moved = new Set<number>();
  let crossings = 0;
  for (let at = 0; at < after.length; at++) {
    if (before[at] === after[at]) continue;
    crossings++;
    moved.add(at % units);
  }
  return { crossings, unitsCrossed: moved.size };
}
