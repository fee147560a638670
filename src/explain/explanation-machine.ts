// The explanation of a run as the kernel machine that it is: path kernel, Domingos' coefficients, the initial model with the terms as prior.

import { identityLink, type KernelMachine, type Link } from "../kernels/kernel-machine.ts";
import { pathKernel } from "../kernels/path-kernel.ts";
import { reals, type Tensor } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { type ExplainOptions, explain } from "./explain.ts";
import { inputQueries } from "./queries.ts";
import type { Explanation } from "./types.ts";

export interface ExplanationMachineOptions
  extends Pick<ExplainOptions, "rule" | "tolerance" | "chord" | "memoryBudget" | "replayMemory" | "signal"> {
  /**
   * `loss-weighted`: K = K^lp, a_i = -1 (Domingos 2020, Remark 2), for every optimizer and rule. `domingos`: K = K^p and a_i = -K^lp / K^p, which
   * depend on the query (Theorem 1), for gd and sgd by the rule `left`; entries of which the kernel cancels along the path keep K^lp and -1.
   * Default `loss-weighted`.
   */
  readonly coefficients?: "loss-weighted" | "domingos";
  /** Conditioning from which on Domingos' coefficients are used, in (0, 1]. Default 0.1. */
  readonly conditioning?: number;
  /** Default: the identity. */
  readonly link?: Link;
}

/** Readouts `output:k` of all C outputs, or `output:POS/k`. */
function outputReadouts({ outputShape, outputs }: Task): string[] {
  const width = outputShape[outputShape.length - 1];
  return Array.from({ length: outputs }, (_, k) =>
    outputShape.length === 1 ? `output:${k}` : `output:${Math.floor(k / width)}/${k % width}`,
  );
}

/** One computation for each array of queries: kernel, coefficients and prior of a machine come from the same. */
function oncePerQueries<T>(compute: (queries: Tensor) => Promise<T>): (queries: Tensor) => Promise<T> {
  const known = new WeakMap<Tensor, Promise<T>>();
  return (queries) => {
    const result = known.get(queries) ?? compute(queries);
    known.set(queries, result);
    return result;
  };
}

/**
 * The machine whose evaluation at x is prior(x) + sum_i contribution_i(x): the model's output less residual and closure of the explanation.
 * Its points are the training examples, its prior the initial model and the terms (decay, replay), which depend on x too.
 *
 * Shapes: kernels (Q, N, C), or blocks (Q, N, C, C) with Domingos' coefficients. Cost: evaluating is explaining, C rows a query; the same array of queries
 * is explained once.
 *
 * Errors: RangeError for options that do not fit; UnsupportedError for Domingos' coefficients of an optimizer with state.
 *
 * @see Domingos 2020, Theorem 1, arXiv:2012.00152
 */
export function explanationMachine(task: Task, run: Run, options: ExplanationMachineOptions = {}): KernelMachine {
  const { coefficients: form = "loss-weighted", conditioning, link = identityLink, ...own } = options;
  const { outputs, dataset } = task;
  if (form !== "loss-weighted" && form !== "domingos")
    throw new RangeError(`explanationMachine: coefficients must be loss-weighted or domingos, got ${form}`);
  if (form === "domingos" && (own.rule ?? "left") !== "left")
    throw new RangeError(`explanationMachine: Domingos' coefficients need the rule left, got ${own.rule}`);
  if (form === "domingos" && (own.chord ?? 1) !== 1)
    throw new RangeError(`explanationMachine: Domingos' coefficients are of steps: chord must be 1, got ${own.chord}`);
  const points = dataset.train.x;
  const examples = points.shape[0];
  const explained = oncePerQueries(async (queries) => {
    const of = inputQueries(task, queries, { name: "queries" });
    const rule = form === "domingos" ? "left" : own.rule;
    const all: Explanation[] = [];
    for (const readout of outputReadouts(task))
      all.push(await explain(task, run, { ...own, rule, shift: 0, queries: of, readout }));
    return all;
  });
  const common = { outputs, points, link, prior: priorOf(explained, outputs) };
  if (form === "loss-weighted") {
    const kernel = async (queries: Tensor): Promise<Tensor> => {
      const all = await explained(queries);
      const count = queries.shape[0] * examples;
      return reals(
        [queries.shape[0], examples, outputs],
        Float64Array.from(
          { length: count * outputs },
          (_, at) => -all[at % outputs].contributions[Math.floor(at / outputs)],
        ),
      );
    };
    const ones = reals([examples, outputs], new Float64Array(examples * outputs).fill(-1));
    return { name: "explanation of a run", ...common, kernel, coefficients: ones };
  }
  const paths = oncePerQueries((queries) =>
    pathKernel(task, run, queries, {
      ...(conditioning !== undefined && { tolerance: conditioning }),
      ...(own.replayMemory !== undefined && { replayMemory: own.replayMemory }),
      ...(own.signal && { signal: own.signal }),
    }),
  );
  return {
    name: "explanation of a run, with Domingos' coefficients",
    ...common,
    kernel: async (queries) => {
      const { unweighted, lossWeighted, wellConditioned } = await paths(queries);
      const kept = unweighted.data.map((value, k) => (wellConditioned.data[k] ? value : lossWeighted.data[k]));
      return reals(unweighted.shape, kept);
    },
    coefficients: async (queries) => {
      const { coefficients, wellConditioned } = await paths(queries);
      return reals(
        coefficients.shape,
        coefficients.data.map((value, k) => (wellConditioned.data[k] ? value : -1)),
      );
    },
  };
}

/** f(x; w_0) and the terms that are no example's. */
function priorOf(
  explained: (queries: Tensor) => Promise<readonly Explanation[]>,
  outputs: number,
): KernelMachine["prior"] {
  return async (queries) => {
    const all = await explained(queries);
    const count = queries.shape[0];
    const value = (q: number, { prior, terms }: Explanation): number =>
      terms.reduce((total, { values }) => total + values[q], prior[q]);
    return reals(
      [count, outputs],
      Float64Array.from({ length: count * outputs }, (_, k) => value(Math.floor(k / outputs), all[k % outputs])),
    );
  };
}
