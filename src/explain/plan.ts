// What an explanation will cost, before anything runs.

import type { LineFront } from "../differentiate/line-front.ts";
import { valueIn } from "../graph/builder.ts";
import { flopsOf } from "../graph/cost.ts";
import type { Graph } from "../graph/types.ts";
import type { RealDType } from "../numeric/tensor.ts";
import { requireBatches } from "../run/recording.ts";
import type { Run } from "../run/types.ts";
import { gradientGraph } from "../train/gradient-graph.ts";
import { heldStates, planReversal } from "../train/reversal.ts";
import type { Task } from "../train/task.ts";
import { bytesOfState } from "../train/trajectory.ts";
import { kindsOf } from "./carried/coefficients.ts";
import { derivativesOf } from "./carried/derivatives.ts";
import { carrySize, channelsOf } from "./carried/groups.ts";
import { nodesKept } from "./carried/moved.ts";
import { stepGraph } from "./carried/step-graph.ts";
import { directPuller } from "./direct.ts";
import { batchFactors, directGraph } from "./direct-graphs.ts";
import { DEFAULT_SHIFT_SHARE, DEFAULT_TOLERANCE, rowsPerSweep } from "./explain.ts";
import { forwardPullGraph, pullGraph, type ReadoutGraphOptions, type ReadoutGraphs, readoutGraphs } from "./graphs.ts";
import { taskReadout } from "./prepare.ts";
import { ruleOf } from "./rules.ts";
import { shiftSample } from "./shift.ts";

export interface PlanOptions {
  /** Queries. */
  readonly rows: number;
  readonly rule?: string;
  readonly tolerance?: number;
  readonly readout?: string | undefined;
  /** Steps that one line replaces; default 1. */
  readonly chord?: number | undefined;
  /** Share of the cost that may go into measuring the shift of chords; default as in `explain`. */
  readonly shift?: number | undefined;
}

export interface ExplanationPlan {
  readonly rows: number;
  readonly steps: number;
  readonly chord: number;
  /** Lines along which Jacobians are averaged. */
  readonly lines: number;
  /** Times that the run is swept: rows that do not fit into memory together are swept apart. */
  readonly sweeps: number;
  /** Of one row on one line. */
  readonly nodesPerLine: number;
  readonly probesPerLine: number;
  /** What measuring the shift of chords adds, in rows times lines, over the explanation's own; 0 where it is not measured. */
  readonly shiftCost: number;
  /** Runs of compiled graphs. */
  readonly programRuns: number;
  readonly flops: number;
  /** Peak memory of what is carried, materialised and stored. */
  readonly bytes: number;
  readonly seconds: number;
  readonly assumptions: readonly string[];
}

/** Sustained GFLOP/s of the engine on graphs of this kind, on two AVX-512 cores. */
const GFLOPS: Readonly<Record<RealDType, number>> = { float32: 30, float64: 12 };
/** Seconds that a run costs beyond its arithmetic: feeds, results, scheduling; and for each parameter: reading w and Delta, w + t Delta. */
const SECONDS_PER_RUN = 1e-4;
const SECONDS_PER_RUN_AND_PARAMETER = 1e-9;
/** Seconds an element of a vector that the host carries costs for each node and for each pull-back. */
const SECONDS_PER_ELEMENT = 2e-9;

/** Kinks that matter at tolerance 1e-4, for each switching function; measured with Adam on MNIST (128 units, 8 pieces a step). */
const KINKS_PER_SWITCH = 0.06;

/**
 * Nodes and probes of one row on one line under the adaptive rule. Smooth models need two or three nodes and one probe each, and
 * half a node more each time a chord is twice as long. Piecewise ones also need a node and a probe or two for each kink that matters: more of
 * them as the tolerance falls, never more than there are; a chord of k steps meets about sqrt(k) times those of one, since most switch back (measured on
 * MNIST, 240 steps: 1.7 times for SGD and 4.5 for Adam at k = 10, 5 and 13 at k = 60).
 */
function adaptiveNodes(tolerance: number, switches: number, chord: number): { nodes: number; probes: number } {
  const digits = Math.max(2, -Math.log10(tolerance));
  const smooth = Math.max(2, digits / 3) + Math.log2(chord) / 2;
  if (switches === 0) return { nodes: smooth, probes: 1.2 * smooth };
  const kinks = Math.min(KINKS_PER_SWITCH * switches * Math.sqrt(chord), switches, 10 * digits);
  const nodes = 2 + kinks * (digits / 4);
  return { nodes, probes: 2.3 * nodes };
}

interface LineParts {
  readonly readout: ReadoutGraphOptions;
  readonly graphs: ReadoutGraphs;
  readonly front: LineFront;
  readonly rows: number;
  /** Examples of one step. */
  readonly batch: number;
  /** Steps of a line. */
  readonly chord: number;
  readonly nodes: number;
  /** Whether probes give the slopes of nodes. */
  readonly known: boolean;
}

/** What the pulls of one line take. */
interface PullCost {
  readonly flops: number;
  /** Runs beside those of nodes. */
  readonly runs: number;
  /** Runs at each node. */
  readonly meetings: number;
  /** Elements of carried vectors that the host passes over, and that are kept. */
  readonly passed: number;
  readonly kept: number;
}

/** Where pulls are direct: factors of each step, which meet the rows' at each node; undefined where they are not. */
function directCost(task: Task, { readout, front, rows, batch, chord, nodes }: LineParts): PullCost | undefined {
  const { head, exampleInputs } = task.training;
  const puller = directPuller(task, readout);
  const factors = puller && batchFactors({ head, exampleInputs, loss: task.loss, layout: task.layout });
  if (!factors) return undefined;
  const { decays } = puller;
  const count = chord === 1 ? batch : Math.max(batch, Math.min(puller.capacity, chord * batch));
  const node = front.split(directGraph({ ...readout, batch: factors, count, decays }) as Graph);
  const meetings = Math.ceil((chord * batch) / count);
  const flops = chord * flopsOf(factors.graph, batch) + meetings * nodes * flopsOf(node, rows);
  return { flops, runs: chord, meetings, passed: 0, kept: 0 };
}

/** Where vectors are carried in the engine, as large as they can be; undefined where they are not. */
function engineCost(task: Task, options: LineParts): PullCost | undefined {
  const { readout, front, rows, batch, chord, nodes, known } = options;
  const derivatives = derivativesOf({ ...readout, loss: task.loss, training: task.training });
  if (!derivatives) return undefined;
  const kinds = kindsOf(task.optimizer);
  const channels = channelsOf(derivatives, kinds);
  const size = channels.reduce((total, channel) => total + carrySize(channel), 0);
  const room = nodesKept(Math.ceil(nodes));
  const steps = stepGraph({ channels, kinds, layout: task.layout, steps: 1, examples: batch, nodes: room, rows });
  const node = known ? derivatives.rows : derivatives.rowsAndSlope;
  const flops =
    nodes * flopsOf(front.split(node), rows) + chord * (flopsOf(derivatives.batch, batch) + flopsOf(steps, rows));
  return { flops, runs: 2 * chord, meetings: 1, passed: 0, kept: kinds.into === "none" ? 0 : rows * size };
}

/** Of vectors that the host carries. */
function hostCost(task: Task, { graphs, rows, batch, chord, nodes, front }: LineParts): PullCost {
  const { head, exampleInputs } = task.training;
  const options = { head, exampleInputs, loss: task.loss, layout: task.layout, rows };
  const factored = pullGraph(options);
  const pull = factored ? flopsOf(factored, batch) : rows * flopsOf(forwardPullGraph(options), batch);
  const flops = chord * pull + nodes * flopsOf(front.split(graphs.jacobian), rows);
  const carried = rows * task.layout.size;
  return { flops, runs: chord, meetings: 1, passed: carried * (nodes + 2 * chord), kept: 3 * carried };
}

/** Steps replayed to where chords begin that reach into stretches before their last one; `checkpoints` are those stored, ascending. */
function stepsToBeginnings(checkpoints: readonly number[], { steps, chord }: Record<"steps" | "chord", number>) {
  let [total, k] = [0, 0];
  for (let first = 0; first < steps; first += chord) {
    while (checkpoints[k + 1] <= first) k++;
    const past = first - checkpoints[k];
    if (past > 0 && Math.min(steps, first + chord) > checkpoints[k + 1]) total += past;
  }
  return total;
}

/**
 * FLOPs, bytes and seconds of an explanation, counted on its graphs; nothing is run. Seconds are an estimate: they assume a
 * sustained rate and, for `auto` on piecewise models, a number of switches. RangeError for a rule, readout, tolerance or number of
 * rows that does not fit.
 */
export function planExplanation(
  task: Task,
  run: Run,
  { rows, rule = "auto", tolerance = DEFAULT_TOLERANCE, readout, chord = 1, shift = DEFAULT_SHIFT_SHARE }: PlanOptions,
): ExplanationPlan {
  const { layout, split, engine } = task;
  if (!Number.isSafeInteger(rows) || rows < 1)
    throw new RangeError(`planExplanation: rows must be a positive integer, got ${rows}`);
  if (!(tolerance > 0)) throw new RangeError(`planExplanation: tolerance must be positive, got ${tolerance}`);
  requireBatches(run, "planExplanation");
  if (!Number.isSafeInteger(chord) || chord < 1)
    throw new RangeError(`planExplanation: chord must be a positive integer, got ${chord}`);
  const readoutOptions = {
    head: split.head,
    exampleInputs: split.exampleInputs,
    readout: taskReadout(task, readout),
    targetType: task.loss.target,
    layout,
  };
  const graphs = readoutGraphs(readoutOptions);
  const fixed = ruleOf(rule);
  const piecewise = graphs.switches !== undefined;
  const switches = graphs.switches ? (valueIn(graphs.switches, "switches").shape[1] as number) : 0;
  const steps = run.batches.length;
  const spanned = Math.max(1, Math.min(chord, steps));
  const { nodes, probes } = fixed
    ? { nodes: fixed.nodes.length, probes: 0 }
    : adaptiveNodes(tolerance, switches, spanned);
  const lines = Math.ceil(steps / spanned);
  const batch = Math.max(1, run.manifest.batchSize);
  const realBytes = engine.dtype === "float32" ? 4 : 8;
  const direct = directPuller(task, readoutOptions) !== undefined;
  const perSweep = direct ? rows : Math.min(rows, rowsPerSweep(task));
  const front = graphs.front(perSweep, realBytes);
  const parts = { readout: readoutOptions, graphs, front, rows: perSweep, batch, chord: spanned, nodes, known: !fixed };
  const pulls = directCost(task, parts) ?? engineCost(task, parts) ?? hostCost(task, parts);
  const sweeps = Math.ceil(rows / perSweep);
  const { recording } = run.manifest;
  const stateBytes = bytesOfState(task);
  const reversal = planReversal(run.checkpoints, heldStates(stateBytes));
  // Steps of another program's loop are run again even where every state is recorded.
  const again = recording === undefined ? reversal.replayed : Math.max(steps, reversal.replayed);
  const replayed = sweeps * (again + stepsToBeginnings(run.checkpoints, { steps, chord: spanned }));
  const names = layout.entries.map(({ name }) => name);
  const training = flopsOf(gradientGraph(task.training.head, task.loss, names), batch);
  const [probe, value] = [graphs.switches ?? graphs.slope, graphs.value].map((graph) => front.split(graph));
  const probing = probes * flopsOf(probe, perSweep) + flopsOf(value, perSweep);
  const before = front.graph ? flopsOf(front.graph, perSweep) : 0;
  const memory = task.optimizer.memory?.factor ?? 0;
  const sample = shiftSample({ rows, steps, chord: spanned, share: shift, memory });
  const shiftCost = spanned === 1 ? 0 : (sample?.cost ?? 0);
  const flops = sweeps * lines * (before + probing + pulls.flops) * (1 + shiftCost) + replayed * training;
  // Rows of a piecewise model switch at different places, so their probes and nodes rarely share a run.
  const sharing = fixed || !piecewise ? 1 : perSweep;
  const runs = 1 + (front.graph ? 1 : 0) + pulls.runs + (nodes * pulls.meetings + probes) * sharing;
  const programRuns = Math.ceil(sweeps * lines * runs * (1 + shiftCost) + replayed);
  const elements = sweeps * lines * pulls.passed;
  const bytes =
    pulls.kept * realBytes +
    (2 + reversal.held) * stateBytes +
    (spanned > 1 ? 2 : 0) * layout.size * realBytes +
    rows * (task.dataset.train.x.shape[0] + steps) * 16;
  const perRun = SECONDS_PER_RUN + SECONDS_PER_RUN_AND_PARAMETER * layout.size;
  const seconds = flops / (GFLOPS[engine.dtype] * 1e9) + programRuns * perRun + elements * SECONDS_PER_ELEMENT;
  const assumptions = [
    `${GFLOPS[engine.dtype]} GFLOP/s sustained in ${engine.dtype}`,
    `${(perRun * 1e6).toFixed(0)} us for each run of a graph`,
  ];
  if (!fixed && piecewise)
    assumptions.push(
      `about ${nodes.toFixed(1)} nodes a row and ${spanned === 1 ? "step" : "chord"} at tolerance ${tolerance}: switches are counted only when it runs`,
    );
  return {
    rows,
    steps,
    chord: spanned,
    lines,
    sweeps,
    nodesPerLine: nodes,
    probesPerLine: probes,
    shiftCost,
    programRuns,
    flops,
    bytes,
    seconds,
    assumptions,
  };
}
