// What an explanation will cost, before anything runs.

import { valueIn } from "../graph/builder.ts";
import { flopsOf } from "../graph/cost.ts";
import type { Graph } from "../graph/types.ts";
import type { RealDType } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import { gradientGraph } from "../train/gradient-graph.ts";
import type { Task } from "../train/task.ts";
import { directPuller } from "./direct.ts";
import { batchFactors, directGraph } from "./direct-graphs.ts";
import { DEFAULT_TOLERANCE, rowsPerSweep } from "./explain.ts";
import { forwardPullGraph, pullGraph, type ReadoutGraphOptions, type ReadoutGraphs, readoutGraphs } from "./graphs.ts";
import { taskReadout } from "./prepare.ts";
import { ruleOf } from "./rules.ts";

export interface PlanOptions {
  /** Queries. */
  readonly rows: number;
  readonly rule?: string;
  readonly tolerance?: number;
  readonly readout?: string | undefined;
}

export interface ExplanationPlan {
  readonly rows: number;
  readonly steps: number;
  /** Times that the run is swept: rows that do not fit into memory together are swept apart. */
  readonly sweeps: number;
  readonly nodesPerStep: number;
  readonly probesPerStep: number;
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
/** Seconds a float64 element of a carried vector costs on the host for each node and for each pull-back. */
const SECONDS_PER_ELEMENT = 2e-9;

/** Kinks that matter at tolerance 1e-4, for each switching function; measured with Adam on MNIST (128 units, 8 pieces a step). */
const KINKS_PER_SWITCH = 0.06;

/**
 * Nodes and probes of one row on one step under the adaptive rule. Smooth models need two or three nodes and one probe each.
 * Piecewise ones also need a node and a probe or two for each kink that matters: more of them as the tolerance falls, never more
 * than there are.
 */
function adaptiveNodes(tolerance: number, switches: number): { nodes: number; probes: number } {
  const digits = Math.max(2, -Math.log10(tolerance));
  if (switches === 0) return { nodes: Math.max(2, digits / 3), probes: 1.2 * Math.max(2, digits / 3) };
  const nodes = 2 + Math.min(KINKS_PER_SWITCH * switches, 10 * digits) * (digits / 4);
  return { nodes, probes: 2.3 * nodes };
}

interface StepParts {
  readonly rows: number;
  readonly batch: number;
  readonly nodes: number;
  readonly probes: number;
}

/** FLOPs of the pulls of one step: of vectors that were carried, or of factors for each node. */
function pullFlops(task: Task, graphs: ReadoutGraphs, { rows, batch, nodes }: StepParts): number {
  const { head, exampleInputs } = task.split;
  const options = { head, exampleInputs, loss: task.loss, layout: task.layout, rows };
  const factored = pullGraph(options);
  const pull = factored ? flopsOf(factored, batch) : rows * flopsOf(forwardPullGraph(options), batch);
  return pull + nodes * flopsOf(graphs.jacobian, rows);
}

/** The same where pulls are direct; undefined where they are not. */
function directFlops(task: Task, readout: ReadoutGraphOptions, { rows, batch, nodes }: StepParts): number | undefined {
  const { head, exampleInputs } = task.split;
  const factors =
    directPuller(task, readout) && batchFactors({ head, exampleInputs, loss: task.loss, layout: task.layout });
  if (!factors) return undefined;
  const decays = (task.optimizer.plain?.weightDecay ?? 0) !== 0;
  const node = directGraph({ ...readout, batch: factors, count: batch, decays });
  return flopsOf(factors.graph, batch) + nodes * flopsOf(node as Graph, rows);
}

/**
 * FLOPs, bytes and seconds of an explanation, counted on its graphs; nothing is run. Seconds are an estimate: they assume a
 * sustained rate and, for `auto` on piecewise models, a number of switches. RangeError for a rule, readout, tolerance or number of
 * rows that does not fit.
 */
export function planExplanation(
  task: Task,
  run: Run,
  { rows, rule = "auto", tolerance = DEFAULT_TOLERANCE, readout }: PlanOptions,
): ExplanationPlan {
  const { layout, split, engine } = task;
  if (!Number.isSafeInteger(rows) || rows < 1)
    throw new RangeError(`planExplanation: rows must be a positive integer, got ${rows}`);
  if (!(tolerance > 0)) throw new RangeError(`planExplanation: tolerance must be positive, got ${tolerance}`);
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
  const { nodes, probes } = fixed ? { nodes: fixed.nodes.length, probes: 0 } : adaptiveNodes(tolerance, switches);
  const steps = run.batches.length;
  const batch = Math.max(1, run.manifest.batchSize);
  const direct = directFlops(task, readoutOptions, { rows, batch, nodes, probes });
  const perSweep = direct === undefined ? Math.min(rows, rowsPerSweep(task)) : rows;
  const sweeps = Math.ceil(rows / perSweep);
  const replayed = run.manifest.checkpointEvery > 1 ? sweeps * steps : 0;
  const names = layout.entries.map(({ name }) => name);
  const training = flopsOf(gradientGraph(split.head, task.loss, names), batch);
  const probing = probes * flopsOf(graphs.switches ?? graphs.slope, perSweep) + flopsOf(graphs.value, perSweep);
  const perStep = probing + (direct ?? pullFlops(task, graphs, { rows: perSweep, batch, nodes, probes }));
  const flops = sweeps * steps * perStep + replayed * training;
  // Rows of a piecewise model switch at different places, so their probes and nodes rarely share a run.
  const sharing = fixed || !piecewise ? 1 : perSweep;
  const programRuns = Math.ceil(sweeps * steps * (2 + (nodes + probes) * sharing) + replayed);
  const carried = direct === undefined ? perSweep * layout.size : 0;
  const elements = sweeps * steps * carried * (nodes + 2);
  const realBytes = engine.dtype === "float32" ? 4 : 8;
  const stretch = run.manifest.checkpointEvery > 1 ? run.manifest.checkpointEvery : 2;
  const bytes =
    carried * 3 * realBytes +
    stretch * layout.size * realBytes * (1 + task.optimizer.buffers.length) +
    rows * (task.dataset.train.x.shape[0] + steps) * 16;
  const perRun = SECONDS_PER_RUN + SECONDS_PER_RUN_AND_PARAMETER * layout.size;
  const seconds = flops / (GFLOPS[engine.dtype] * 1e9) + programRuns * perRun + elements * SECONDS_PER_ELEMENT;
  const assumptions = [
    `${GFLOPS[engine.dtype]} GFLOP/s sustained in ${engine.dtype}`,
    `${(perRun * 1e6).toFixed(0)} us for each run of a graph`,
  ];
  if (!fixed && piecewise)
    assumptions.push(
      `about ${nodes.toFixed(1)} nodes a row and step at tolerance ${tolerance}: switches are counted only when it runs`,
    );
  return {
    rows,
    steps,
    sweeps,
    nodesPerStep: nodes,
    probesPerStep: probes,
    programRuns,
    flops,
    bytes,
    seconds,
    assumptions,
  };
}
