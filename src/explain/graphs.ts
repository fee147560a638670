// The graphs that explaining runs: the readout of queries with its derivatives, and the pull on training examples.

import { contract, materialise } from "../differentiate/factored.ts";
import { jvp, type Tangent } from "../differentiate/forward.ts";
import { LineFront } from "../differentiate/line-front.ts";
import { usesOf } from "../differentiate/per-example.ts";
import { vjp } from "../differentiate/reverse.ts";
import { switchesOf } from "../differentiate/switches.ts";
import { lightenPools } from "../graph/before-pools.ts";
import { GraphBuilder, valueIn } from "../graph/builder.ts";
import { add, concat, fullLike, mul, reduceSum } from "../graph/ops.ts";
import { targetShape } from "../graph/outputs.ts";
import type { Graph, Value } from "../graph/types.ts";
import type { Loss } from "../losses/types.ts";
import { identityOf } from "../numeric/identity.ts";
import type { Layout } from "../numeric/layout.ts";
import type { Readout } from "../readouts/types.ts";
import { objectiveOf } from "../train/gradient-graph.ts";

/** Input of the row graphs that holds coefficients or targets of each row. */
export const ROW = "readout.row";

export interface ReadoutGraphOptions {
  readonly head: Graph;
  readonly exampleInputs: readonly string[];
  readonly readout: Readout;
  readonly targetType: Loss["target"];
  readonly layout: Layout;
}

/**
 * All graphs over query rows; inputs: the head's and `readout.row`. All but `value` stand at w + t Delta: they also take
 * `delta.NAME` for each parameter and the number `segment.t`.
 */
export interface ReadoutGraphs {
  /** -> value (N), at w. */
  readonly value: Graph;
  /** -> value (N), slope (N) in the direction of Delta. */
  readonly slope: Graph;
  /** -> value, slope, switches (N, M), switchSlopes (N, M); undefined for smooth models. */
  readonly switches: Graph | undefined;
  /**
   * -> jacobian.NAME (N, ...shape), the derivative of each row's readout, and slope (N) by forward mode, both times the row's weight at this
   * node (input `node.weights`).
   */
  readonly jacobian: Graph;
  /**
   * Whether `jacobian` gives each row apart. If not, some use of a parameter has no factored form: it must be run row by row, and its
   * results have no axis N.
   */
  readonly perRow: boolean;
  /** What these graphs and others of the readout share along a segment. */
  front(rows: number, bytes: number): LineFront;
}

/** Inputs of the graphs along a segment. */
export const POSITION = "segment.t";
export const DELTA = "delta.";
/** Input with the quadrature weight of each row at a node. */
export const NODE = "node.weights";
/** Prefix of the outputs of `jacobian`. */
export const JACOBIAN = "jacobian.";

/** A readout in a builder that derivatives are appended to. */
interface Prepared {
  readonly b: GraphBuilder;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly value: Value;
  /** What the head is applied to: the parameters, or w + t Delta. */
  readonly parameters: readonly Value[];
  readonly tangents: readonly Tangent[];
}

function prepare({ head, readout, targetType, layout }: ReadoutGraphOptions, along: boolean): Prepared {
  const b = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  for (const name of head.inputs) inputs[name] = b.input(name, valueIn(head, name).dtype, valueIn(head, name).shape);
  const tangents: Tangent[] = [];
  const bindings = { ...inputs };
  if (along) {
    const t = b.input(POSITION, "real", []);
    for (const { name } of layout.entries) {
      const tangent = b.input(DELTA + name, "real", inputs[name].shape);
      bindings[name] = add(b, inputs[name], mul(b, t, tangent));
      tangents.push({ value: bindings[name], tangent });
    }
  }
  const y = b.inline(head, bindings).get("y") as Value;
  const classTarget = readout.needs === "target" && targetType === "class";
  const row = classTarget ? b.input(ROW, "int64", targetShape(y, "class")) : b.input(ROW, "real", y.shape);
  return {
    b,
    inputs,
    value: readout.value(b, y, row),
    parameters: layout.entries.map(({ name }) => bindings[name]),
    tangents,
  };
}

/** The readout at w + t Delta, of which nothing but derivatives will be read: ReLUs may stand behind pools. */
export function readoutAlong(options: ReadoutGraphOptions): Prepared {
  return prepare({ ...options, head: lightenPools(options.head) }, true);
}

function switchGraph(options: ReadoutGraphOptions): Graph | undefined {
  const { b, value, parameters, tangents } = prepare(options, true);
  const found = switchesOf(b, { targets: [value], parameters });
  if (found.length === 0) return undefined;
  const switches = concat(b, found, 1);
  const [slope, switchSlopes] = jvp(b, tangents, [value, switches]);
  return b.build({
    value,
    slope: slope ?? fullLike(b, value, 0),
    switches,
    switchSlopes: switchSlopes ?? fullLike(b, switches, 0),
  });
}

function jacobianGraph(options: ReadoutGraphOptions): { graph: Graph; perRow: boolean } {
  const { b, inputs, value, parameters, tangents } = readoutAlong(options);
  const weights = b.input(NODE, "real", ["N"]);
  const seeds = [{ value, cotangent: weights }];
  const examples = options.exampleInputs.map((name) => inputs[name]);
  const [slope] = jvp(b, tangents, [value]);
  const uses = usesOf(b, { seeds, examples, parameters });
  const derivatives = uses ? parameters.map((parameter) => materialise(b, uses, parameter)) : vjp(b, seeds, parameters);
  const outputs: Record<string, Value> = { slope: slope ? mul(b, weights, slope) : fullLike(b, weights, 0) };
  options.layout.entries.forEach(({ name, shape }, i) => {
    const rows = b.op("Shape", [weights]);
    // A parameter that the readout does not see.
    const none = (): Value => b.op("Expand", [b.scalar(0), uses ? concat(b, [rows, b.ints(shape)], 0) : b.ints(shape)]);
    outputs[JACOBIAN + name] = derivatives[i] ?? none();
  });
  return { graph: b.build(outputs), perRow: uses !== undefined };
}

/** Graphs by the head they are made of and by what else they depend on: built once, so that the engine compiles them once. */
const made = new WeakMap<Graph, Map<string, unknown>>();

/** What `make` gives, made once for a head and a key. */
export function once<T>(head: Graph, key: string, make: () => T): T {
  const ofHead = made.get(head) ?? new Map<string, unknown>();
  made.set(head, ofHead);
  if (!ofHead.has(key)) ofHead.set(key, make());
  return ofHead.get(key) as T;
}

/** Bytes of what is kept of all rows for a line, for each value that is. */
const FRONT_BYTES = 16 * 2 ** 20;

const namesIn = ({ entries }: Layout): string => entries.map(({ name }) => name).join();

/** The graphs of one readout. */
export function readoutGraphs(options: ReadoutGraphOptions): ReadoutGraphs {
  const { head, readout, targetType, layout } = options;
  return once(head, `readout ${readout.key} ${targetType} ${namesIn(layout)}`, () => buildReadoutGraphs(options));
}

function buildReadoutGraphs(options: ReadoutGraphOptions): ReadoutGraphs {
  const plain = prepare(options, false);
  const value = plain.b.build({ value: plain.value });
  const moving = prepare(options, true);
  const [slope] = jvp(moving.b, moving.tangents, [moving.value]);
  const slopeGraph = moving.b.build({ value: moving.value, slope: slope ?? fullLike(moving.b, moving.value, 0) });
  const { graph: jacobian, perRow } = jacobianGraph(options);
  const front = (rows: number, bytes: number): LineFront => frontOf(options, rows, bytes);
  return { value, slope: slopeGraph, switches: switchGraph(options), jacobian, perRow, front };
}

/** What graphs of a readout along a segment share, for so many rows in so many bytes an element. */
export function frontOf(options: ReadoutGraphOptions, rows: number, bytes: number): LineFront {
  const { head, readout, targetType, layout } = options;
  // A power of two, so that calls of about as many rows share their graphs.
  const most = 2 ** Math.floor(Math.log2(Math.max(1, FRONT_BYTES / (bytes * Math.max(1, rows)))));
  return once(head, `front ${most} ${readout.key} ${targetType} ${namesIn(layout)}`, () => {
    const directions = new Map(layout.entries.map(({ name }) => [name, DELTA + name]));
    const still = new Set([ROW, ...head.inputs.filter((name) => !directions.has(name))]);
    return new LineFront({ position: POSITION, directions, still, most });
  });
}

export interface PullGraphOptions {
  readonly head: Graph;
  readonly exampleInputs: readonly string[];
  readonly loss: Loss;
  readonly layout: Layout;
  /** Rows whose carried vectors are contracted at once. */
  readonly rows: number;
}

/**
 * <u_r, g_n> for R carried vectors and the N examples of a batch, g_n = c_n dl_n/dw: output `pulls` (R, N).
 * Inputs: the head's, target, weights, `direction.NAME` (R, ...shape). Undefined when a use has no factored form.
 */
export function pullGraph(options: PullGraphOptions): Graph | undefined {
  const { head, loss, layout, rows } = options;
  return once(head, `pull ${identityOf(loss)} ${rows} ${namesIn(layout)}`, () => buildPullGraph(options));
}

function buildPullGraph({ head, exampleInputs, loss, layout, rows }: PullGraphOptions): Graph | undefined {
  const { b, inputs, seeds } = objectiveOf(head, loss);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const examples = exampleInputs.map((name) => inputs[name]);
  const uses = usesOf(b, { seeds: seeds(), examples, parameters });
  if (!uses) return undefined;
  const directions = new Map(
    parameters.map(
      (value) => [value.name, b.input(`direction.${value.name}`, "real", [rows, ...value.shape])] as const,
    ),
  );
  const pulls = contract(b, uses, directions);
  return pulls && b.build({ pulls });
}

/** <u, g_n> for one vector u by forward mode: output `pulls` (N). Works for every model; inputs as above with `tangent.NAME`. */
export function forwardPullGraph({ head, loss, layout }: Omit<PullGraphOptions, "rows">): Graph {
  const { b, inputs, y, losses, weights, pull } = objectiveOf(head, loss);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const tangents = parameters.map((value) => ({
    value,
    tangent: b.input(`tangent.${value.name}`, "real", value.shape),
  }));
  const [moved] = jvp(b, tangents, [pull ? y : losses]);
  const axes = y.shape.slice(1).map((_, axis) => axis + 1);
  const slope = moved && pull ? reduceSum(b, mul(b, pull, moved), axes) : moved;
  return b.build({ pulls: mul(b, weights, slope ?? fullLike(b, losses, 0)) });
}
