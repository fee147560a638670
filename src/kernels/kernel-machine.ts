// The kernel machine as a type: kernel, coefficients, prior, link (Domingos 2020, section 1), and its evaluation at any points.

import { GraphBuilder } from "../graph/builder.ts";
import { VectorAccumulator } from "../numeric/sum.ts";
import { type RealArray, reals, type Tensor, toReal } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";

/** g of a kernel machine, applied to the C numbers of each point. */
export interface Link {
  readonly name: string;
  /** (Q, C) -> (Q, C), or another number of columns where the name says what they are (votes of classes). */
  apply(value: Tensor<"float64">): Tensor<"float64"> | Promise<Tensor<"float64">>;
}

/**
 * y(x) = g( b(x) + sum_i K(x, x_i) a_i ) for N points x_i and C outputs. Kernels and priors are functions of the queries (Q, ...), so that one
 * machine can be evaluated at another's points.
 */
export interface KernelMachine {
  /** What it is, in a few words. */
  readonly name: string;
  /** C. */
  readonly outputs: number;
  /** x_i: (N, ...). */
  readonly points: Tensor;
  /** K(x, x_i): one number for all outputs (Q, N), one for each (Q, N, C), or C x C blocks (Q, N, C, C). */
  readonly kernel: (queries: Tensor) => Promise<Tensor>;
  /** a_i: (N, C); or, where they depend on the query (Domingos 2020, Remark 1), one for each entry of blocks (Q, N, C, C). */
  readonly coefficients: Tensor | ((queries: Tensor) => Promise<Tensor>);
  /** b(x): (Q, C). */
  readonly prior: (queries: Tensor) => Promise<Tensor>;
  readonly link: Link;
}

/** What a machine says of Q queries; float64, row-major. */
export interface MachineEvaluation {
  /** g(value): (Q, C), or as many columns as the link gives. */
  readonly output: Tensor<"float64">;
  /** prior + sum of contributions: (Q, C). */
  readonly value: Tensor<"float64">;
  /** b(x): (Q, C). */
  readonly prior: Tensor<"float64">;
  /** K(x, x_i) a_i: (Q, N, C). */
  readonly contributions: Tensor<"float64">;
}

export const identityLink: Link = { name: "identity", apply: (value) => value };

/** The link of a loss that reads outputs as logits: softmax or sigmoid; the identity for the others. */
export function probabilityLink({ loss, engine, outputShape }: Pick<Task, "loss" | "engine" | "outputShape">): Link {
  const { probabilities } = loss;
  if (!probabilities) return identityLink;
  const b = new GraphBuilder();
  const y = b.input("y", "real", ["N", ...outputShape]);
  const program = engine.compile(b.build({ p: probabilities(b, y) }));
  return {
    name: `probabilities of ${loss.name}`,
    apply: async ({ shape, data }) => {
      const own = toReal(reals([shape[0], ...outputShape], data), engine.dtype);
      return reals(shape, (await program.run({ y: own })).p.data as RealArray);
    },
  };
}

/** b(x) = f(x; w) of a task's model, for machines whose prior it is. */
export function modelPrior(task: Task, params: RealArray): KernelMachine["prior"] {
  return async (queries) => reals([queries.shape[0], task.outputs], await predict(task, params, { x: queries }));
}

/** b(x) = 0. */
export function zeroPrior(outputs: number): KernelMachine["prior"] {
  return async ({ shape: [count] }) => reals([count, outputs], new Float64Array(count * outputs));
}

/**
 * What the machine says of `queries`, with what each of its points contributes.
 *
 * Shapes: queries (Q, ...) as its points. Memory: the kernel between queries and points, and Q N C numbers. Sums over points are compensated.
 * Errors: RangeError where a part of the machine has a shape that does not fit the others; what its parts throw.
 *
 * @see Domingos 2020, section 1, arXiv:2012.00152: y = g(sum_i a_i K(x, x_i) + b)
 */
export async function evaluateMachine(machine: KernelMachine, queries: Tensor): Promise<MachineEvaluation> {
  const { outputs, points, link } = machine;
  const [count, examples] = [queries.shape[0], points.shape[0]];
  const kernel = await machine.kernel(queries);
  const given = machine.coefficients;
  const ofQuery = typeof given === "function";
  const coefficients = ofQuery ? await given(queries) : given;
  const prior = await machine.prior(queries);
  requireShapes(machine, { kernel, coefficients, prior, count, ofQuery });
  const contributions = contributionsOf({ kernel, coefficients, ofQuery, count, examples, outputs });
  const sums = new VectorAccumulator(count * outputs);
  for (let q = 0; q < count; q++) {
    for (let n = 0; n < examples; n++)
      for (let c = 0; c < outputs; c++) sums.add(q * outputs + c, contributions[(q * examples + n) * outputs + c]);
    for (let c = 0; c < outputs; c++) sums.add(q * outputs + c, Number(prior.data[q * outputs + c]));
  }
  const value = reals([count, outputs], sums.values());
  return {
    output: await link.apply(value),
    value,
    prior: reals([count, outputs], prior.data as RealArray),
    contributions: reals([count, examples, outputs], contributions),
  };
}

interface Parts {
  readonly kernel: Tensor;
  readonly coefficients: Tensor;
  readonly ofQuery: boolean;
  readonly count: number;
  readonly examples: number;
  readonly outputs: number;
}

/** K(x, x_i) a_i of every query and point, (Q, N, C). */
function contributionsOf({ kernel, coefficients, ofQuery, count, examples, outputs }: Parts): Float64Array {
  const result = new Float64Array(count * examples * outputs);
  const [k, a] = [kernel.data as RealArray, coefficients.data as RealArray];
  const rank = kernel.shape.length;
  for (let pair = 0; pair < count * examples; pair++) {
    const own = (pair % examples) * outputs;
    for (let c = 0; c < outputs; c++) {
      const at = pair * outputs + c;
      if (rank === 2) result[at] = k[pair] * a[own + c];
      else if (rank === 3) result[at] = k[at] * a[own + c];
      else
        for (let d = 0; d < outputs; d++)
          result[at] += k[at * outputs + d] * (ofQuery ? a[at * outputs + d] : a[own + d]);
    }
  }
  return result;
}

function requireShapes(
  { name, outputs, points }: KernelMachine,
  { kernel, coefficients, prior, count, ofQuery }: Omit<Parts, "examples" | "outputs"> & { readonly prior: Tensor },
): void {
  const pairs = [count, points.shape[0]];
  const blocks = [...pairs, outputs, outputs];
  const check = (what: string, { shape }: Tensor, allowed: readonly (readonly number[])[]): void => {
    if (allowed.some((own) => own.join() === shape.join())) return;
    const must = allowed.map((own) => `[${own}]`).join(" or ");
    throw new RangeError(`evaluateMachine: ${what} of ${name} must have shape ${must}, got [${shape}]`);
  };
  check("the kernel", kernel, ofQuery ? [blocks] : [pairs, [...pairs, outputs], blocks]);
  check("the coefficients", coefficients, [ofQuery ? blocks : [points.shape[0], outputs]]);
  check("the prior", prior, [[count, outputs]]);
}
