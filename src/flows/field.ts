// What flows and diffusions ask of a task at any parameters: gradients of every example, and Jacobians of queries, on the host in float64.

import { materialise } from "../differentiate/factored.ts";
import { usesOf } from "../differentiate/per-example.ts";
import type { Feeds, Program } from "../engine/engine.ts";
import { UnsupportedError } from "../errors.ts";
import { builderOf } from "../graph/builder.ts";
import { flatInput } from "../graph/outputs.ts";
import type { Graph, Value } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { reals, sliceRows, type Tensor } from "../numeric/tensor.ts";
import { apartGraph } from "../train/example-gradients.ts";
import { examplesOf } from "../train/examples.ts";
import { gradientGraph, TARGET, WEIGHTS } from "../train/gradient-graph.ts";
import { type Task, targetsOf } from "../train/task.ts";

const GRADIENT = "gradient.";
const JACOBIAN = "jacobian.";

/** RangeError where a task's engine has not the precision that references need. */
export function requireDouble(where: string, { engine }: Pick<Task, "engine">): void {
  if (engine.dtype !== "float64")
    throw new RangeError(`${where}: the task's engine must have dtype float64, got ${engine.dtype}`);
}

const ones = (n: number): Float64Array => new Float64Array(n).fill(1);

/**
 * UnsupportedError where the gradient of a step is not the mean of what the examples alone give it: flows are of the loss, and would leave out
 * what else a training has.
 */
export function requireLossAlone(where: string, { regularisers }: Pick<Task, "regularisers">): void {
  if (regularisers.length > 0)
    throw new UnsupportedError(`${where}: the loss must be that of the examples alone, got ${regularisers[0].name}`, {
      hint: "leave the regularisers out, or let explain have them as terms",
    });
}

/** Rows (rows, p) of per-parameter results (rows, ...shape). */
function gather(task: Task, results: Feeds, prefix: string, into: Float64Array): void {
  const p = task.layout.size;
  for (const { name, offset, size } of task.layout.entries) {
    const part = results[prefix + name]?.data as Float64Array | undefined;
    if (!part) continue;
    for (let row = 0, from = 0; from < part.length; row++, from += size)
      into.set(part.subarray(from, from + size), row * p + offset);
  }
}

/** Gradients of every training example. Cost: a forward and a backward pass over all of them; memory n p. */
export class GradientField {
  /** n. */
  readonly examples: number;
  /** p. */
  readonly size: number;
  private readonly task: Task;
  private readonly program: Program;
  /** Of all examples at once, or of each alone where some use of a parameter has no factored form. */
  private readonly feeds: readonly Feeds[];

  private constructor(task: Task, graph: Graph, feeds: readonly Feeds[]) {
    this.task = task;
    this.examples = task.dataset.train.x.shape[0];
    this.size = task.layout.size;
    this.program = task.engine.compile(graph);
    this.feeds = feeds;
  }

  static async of(task: Task): Promise<GradientField> {
    const { split, training, loss, layout, dataset, frozen } = task;
    if (training !== split)
      throw new UnsupportedError(
        "gradients of every example: the model must be trained as it is evaluated, got one with dropout",
        { hint: "its gradients depend on the masks of each occurrence, which explain and pathKernel take" },
      );
    const n = dataset.train.x.shape[0];
    const apart = apartGraph(task);
    const names = layout.entries.map(({ name }) => name);
    const source = examplesOf(task, dataset.train);
    const feedsOf = async (rows: number[]): Promise<Feeds> => ({
      ...frozen,
      ...(await source.feeds(rows)),
      [TARGET]: targetsOf(task, dataset.train, rows),
      [WEIGHTS]: reals([rows.length], ones(rows.length)),
    });
    const all = Array.from({ length: n }, (_, i) => i);
    if (apart) return new GradientField(task, apart, [await feedsOf(all)]);
    const feeds: Feeds[] = [];
    for (const i of all) feeds.push(await feedsOf([i]));
    return new GradientField(task, gradientGraph(split.head, loss, names), feeds);
  }

  /** The gradient of l_i at `params` for every example: (n, p). */
  async at(params: Float64Array): Promise<Float64Array> {
    const rows = new Float64Array(this.examples * this.size);
    const fixed = viewsOf(this.task.layout, params);
    for (const [i, feeds] of this.feeds.entries()) {
      const into = this.feeds.length === 1 ? rows : rows.subarray(i * this.size, (i + 1) * this.size);
      gather(this.task, await this.program.run({ ...fixed, ...feeds }), GRADIENT, into);
    }
    return rows;
  }
}

/** Mean of rows (n, p) over n. */
export function meanRow(rows: Float64Array, size: number): Float64Array {
  const mean = new Float64Array(size);
  const n = rows.length / size;
  for (let i = 0; i < n; i++) for (let k = 0; k < size; k++) mean[k] += rows[i * size + k] / n;
  return mean;
}

/** Outputs y (Q, C), and their Jacobians given cotangents: `jacobian.NAME` (Q, ...shape). */
function jacobianGraph({ split, layout }: Task): Graph {
  const { b, inputs, values } = builderOf(split.head);
  const y = values.get("y") as Value;
  const cotangent = flatInput(b, "cotangent", y);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const examples = split.exampleInputs.map((name) => inputs[name]);
  const uses = usesOf(b, { seeds: [{ value: y, cotangent }], examples, parameters });
  if (!uses)
    throw new UnsupportedError("queries along a flow need factored derivatives, which some use of a parameter lacks", {
      hint: "explain works for every model",
    });
  const outputs: Record<string, Value> = { y };
  for (const parameter of parameters) {
    const derivative = materialise(b, uses, parameter);
    if (derivative) outputs[JACOBIAN + parameter.name] = derivative;
  }
  return b.build(outputs);
}

/** Outputs and Jacobians of Q queries; a row is a query and an output element: R = Q C, the elements of a query side by side. */
export class QueryField {
  /** R. */
  readonly rows: number;
  private readonly task: Task;
  private readonly queries: number;
  private readonly head: Program;
  private readonly program: Program;
  private readonly feeds: Feeds;

  private constructor(task: Task, queries: number, feeds: Feeds) {
    this.task = task;
    this.queries = queries;
    this.rows = queries * task.outputs;
    this.head = task.engine.compile(task.split.head);
    this.program = task.engine.compile(jacobianGraph(task));
    this.feeds = feeds;
  }

  static async of(task: Task, xs: Tensor): Promise<QueryField> {
    const count = xs.shape[0];
    const x = sliceRows(xs, 0, count);
    const source = examplesOf(task, { x });
    const feeds = await source.feeds(Array.from({ length: count }, (_, q) => q));
    return new QueryField(task, count, { ...task.frozen, ...feeds });
  }

  /** f(x; params): (R). */
  async values(params: Float64Array): Promise<Float64Array> {
    const { y } = await this.head.run({ ...viewsOf(this.task.layout, params), ...this.feeds });
    return Float64Array.from(y.data as Float64Array);
  }

  /** J(x; params): (R, p). */
  async jacobians(params: Float64Array): Promise<Float64Array> {
    const { outputs, layout } = this.task;
    const rows = new Float64Array(this.rows * layout.size);
    const own = new Float64Array(this.queries * layout.size);
    const fixed = { ...viewsOf(layout, params), ...this.feeds };
    for (let c = 0; c < outputs; c++) {
      const unit = Float64Array.from({ length: this.queries * outputs }, (_, k) => (k % outputs === c ? 1 : 0));
      const results = await this.program.run({ ...fixed, cotangent: reals([this.queries, outputs], unit) });
      if (outputs === 1) {
        gather(this.task, results, JACOBIAN, rows);
        continue;
      }
      own.fill(0);
      gather(this.task, results, JACOBIAN, own);
      for (let q = 0; q < this.queries; q++)
        rows.set(own.subarray(q * layout.size, (q + 1) * layout.size), (q * outputs + c) * layout.size);
    }
    return rows;
  }
}

/** What flows and simulations ask of a model: of a task by `flowFields`, or a caller's own, for instance in closed form. */
export interface FlowFields {
  /** n. */
  readonly examples: number;
  /** p. */
  readonly size: number;
  /** R. */
  readonly rows: number;
  /** grad l_i for every training example: (n, p). The caller may write to it. */
  gradients(params: Float64Array): Promise<Float64Array> | Float64Array;
  /** f(x) of every row: (R). */
  values(params: Float64Array): Promise<Float64Array> | Float64Array;
  /** J of every row: (R, p). */
  jacobians(params: Float64Array): Promise<Float64Array> | Float64Array;
}

/**
 * The fields of a task: gradients of all its training examples, outputs and Jacobians of Q queries (Q, ...), C rows each. Cost of a call: 40 to
 * 400 us for small models, which is the engine's. RangeError for an engine in float32, UnsupportedError for regularisers, dropout, and a parameter without
 * factored derivatives.
 */
export async function flowFields(task: Task, queries: Tensor): Promise<FlowFields> {
  requireDouble("flowFields", task);
  requireLossAlone("flowFields", task);
  const [field, rows] = [await GradientField.of(task), await QueryField.of(task, queries)];
  return {
    examples: field.examples,
    size: field.size,
    rows: rows.rows,
    gradients: (params) => field.at(params),
    values: (params) => rows.values(params),
    jacobians: (params) => rows.jacobians(params),
  };
}

/** RangeError unless there is a number for every trained parameter. */
export function requireParams(where: string, { size }: FlowFields, params: ArrayLike<number>): void {
  if (params.length !== size)
    throw new RangeError(`${where}: params must hold ${size} numbers, one a trained parameter, got ${params.length}`);
}
