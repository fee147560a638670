// The nodes at which the Jacobian of each row is averaged along one step, by a fixed rule or adaptively.

import type { QuadratureRule } from "../numeric/gauss.ts";
import { type Probe, type Refined, type RefineOptions, type Request, refine } from "./refine.ts";
import type { Node, RowEvaluator } from "./segment.ts";

export interface AverageOptions {
  /** phi at both ends for each row. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** Undefined for the adaptive rule. */
  readonly rule: QuadratureRule | undefined;
  /** Residual allowed over one step. */
  readonly tolerance: number;
  /** Relative rounding of the dtype. */
  readonly epsilon: number;
  /** Gauss nodes that each row needed on the step before; updated. */
  readonly orders: number[];
}

export interface AverageCost {
  probes: number;
  nodes: number;
  atNoiseFloor: number;
  unresolved: number;
}

export interface StepNodes {
  readonly nodes: readonly Node[];
  readonly cost: AverageCost;
}

/** The nodes of every row on the segment that `rows` has entered: J_s = sum_q weight_q J(w(t_q)). */
export async function stepNodes(rows: RowEvaluator, options: AverageOptions): Promise<StepNodes> {
  const cost = { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 };
  const nodes = options.rule
    ? fixedNodes(options.rule, options.start.length)
    : await adaptiveNodes(rows, options, cost);
  for (const node of nodes) cost.nodes += node.rows.length;
  return { nodes, cost };
}

function fixedNodes(rule: QuadratureRule, count: number): Node[] {
  const rows = Array.from({ length: count }, (_, r) => r);
  return rule.nodes.map((t, q) => ({ t, rows, weights: rows.map(() => rule.weights[q]) }));
}

async function adaptiveNodes(rows: RowEvaluator, options: AverageOptions, cost: AverageCost): Promise<Node[]> {
  const { start, end, tolerance, epsilon, orders } = options;
  const refinements = Array.from(start, (value, r) => {
    const noiseFloor = 8 * epsilon * Math.max(Math.abs(value), Math.abs(end[r]), 1);
    return {
      start: value,
      end: end[r],
      tolerance,
      noiseFloor,
      minLength: 64 * epsilon,
      piecewise: rows.piecewise,
      order: orders[r],
    };
  });
  const refined = await runTogether(rows, refinements);
  const byT = new Map<number, Node>();
  refined.forEach(({ nodes, probes, atNoiseFloor, unresolved, order }, r) => {
    orders[r] = order;
    cost.probes += probes;
    cost.atNoiseFloor += atNoiseFloor;
    cost.unresolved += unresolved;
    for (const { t, weight, slope } of nodes) {
      const node = byT.get(t) ?? { t, rows: [], weights: [], slopes: [] };
      byT.set(t, node);
      node.rows.push(r);
      node.weights.push(weight);
      node.slopes?.push(slope);
    }
  });
  return [...byT.values()];
}

/** Runs the refinements of all rows side by side: requests of several rows at one t become one run of the engine. */
async function runTogether(evaluator: RowEvaluator, refinements: readonly RefineOptions[]): Promise<Refined[]> {
  const generators = refinements.map(refine);
  const results: Refined[] = [];
  const waiting = new Map<number, readonly Request[]>();
  const resume = (r: number, probes: readonly Probe[]): void => {
    const { done, value } = generators[r].next(probes);
    if (done) {
      results[r] = value;
      waiting.delete(r);
    } else waiting.set(r, value);
  };
  // What the first call of next() is given is not read by a generator.
  for (let r = 0; r < generators.length; r++) resume(r, []);
  while (waiting.size > 0) {
    const answers = await answer(evaluator, waiting);
    for (const [r, requests] of [...waiting])
      resume(
        r,
        requests.map((request) => answers.get(keyOf(r, request))!),
      );
  }
  return results;
}

const keyOf = (row: number, { t, switches }: Request): string => `${row}:${t}:${switches}`;

async function answer(
  evaluator: RowEvaluator,
  waiting: ReadonlyMap<number, readonly Request[]>,
): Promise<Map<string, Probe>> {
  const groups = new Map<string, { request: Request; rows: number[] }>();
  for (const [r, requests] of waiting) {
    for (const request of requests) {
      const key = keyOf(-1, request);
      const group = groups.get(key) ?? { request, rows: [] };
      groups.set(key, group);
      group.rows.push(r);
    }
  }
  const answers = new Map<string, Probe>();
  for (const { request, rows } of groups.values()) {
    const probes = await evaluator.probe(request.t, rows, request.switches);
    probes.forEach((probe, k) => {
      answers.set(keyOf(rows[k], request), probe);
    });
  }
  return answers;
}
