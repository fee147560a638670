// Damage to models in their own terms: attributes, inputs, dims, types, opsets, order, depth, length.

import { converters } from "../../src/graph/onnx/converters/registry.ts";
import {
  ATTRIBUTE_TYPE,
  type AttributeMessage,
  decodeModel,
  encodeModel,
  type GraphMessage,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
} from "../../src/graph/onnx/proto.ts";
import { sequenceConverters } from "../../src/graph/onnx/sequences.ts";
import { shapeRules } from "../../src/graph/shapes/registry.ts";
import { type Chance, EDGES, someSize } from "./chance.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Damage = (graph: GraphMessage, chance: Chance, model: ModelMessage) => void;

const OPERATORS = [
  ...new Set([...shapeRules.keys(), ...converters.keys(), ...sequenceConverters.keys(), "If", "Loop", "NonZero"]),
];
const ATTRIBUTES =
  "axis axes keepdims perm kernel_shape strides pads dilations group auto_pad ceil_mode to alpha beta transA transB mode value split num_outputs equation blocksize storage_order output_padding output_shape allowzero start end epsilon scales upper fmod exclusive reverse reduction value_int value_ints value_float noop_with_empty_axes num_groups count_include_pad coordinate_transformation_mode nearest_mode cubic_coeff_a new_axis depth training_mode spatial".split(
    " ",
  );
const WORDS = [
  "",
  "constant",
  "reflect",
  "edge",
  "wrap",
  "nearest",
  "linear",
  "cubic",
  "SAME_UPPER",
  "VALID",
  "DCR",
  "constructor",
  "ij,jk->ik",
  "...i->...",
  "i,i,i->",
  "ii->i",
  "->",
  "a".repeat(3000),
];

/** The list of that name, made where there is none. */
function listOf<T>(owner: object, key: "node" | "initializer" | "attribute" | "input" | "output"): T[] {
  const lists = owner as { [name: string]: T[] | null | undefined };
  const list = lists[key] ?? [];
  lists[key] = list;
  return list;
}

const nodesOf = (graph: GraphMessage): NodeMessage[] => listOf<NodeMessage>(graph, "node");
const initializersOf = (graph: GraphMessage): TensorMessage[] => listOf<TensorMessage>(graph, "initializer");
const someNode = (graph: GraphMessage, chance: Chance): Mutable<NodeMessage> =>
  nodesOf(graph).length > 0 ? chance.pick(nodesOf(graph)) : {};

function names(graph: GraphMessage): string[] {
  return [
    "x",
    "",
    "nowhere",
    ...nodesOf(graph).flatMap(({ output }) => output ?? []),
    ...initializersOf(graph).map(({ name }) => name ?? ""),
  ];
}

/** A list of numbers for an attribute: mostly as long as lists of axes are. */
const someList = (chance: Chance): number[] =>
  Array.from({ length: chance.flip(0.97) ? chance.int(6) : 2000 }, () => someSize(chance));

function setAttribute(attribute: Mutable<AttributeMessage>, chance: Chance): void {
  const { type } = attribute;
  const integer = (): number => someSize(chance);
  if (chance.flip(0.1)) attribute.type = chance.int(16);
  else if (type === ATTRIBUTE_TYPE.INT) attribute.i = integer();
  else if (type === ATTRIBUTE_TYPE.INTS) {
    const list = [...((attribute.ints ?? []) as number[])];
    if (list.length > 0 && chance.flip(0.8)) list[chance.int(list.length)] = integer();
    attribute.ints = chance.flip(0.85) ? list : someList(chance);
  } else if (type === ATTRIBUTE_TYPE.FLOAT) {
    attribute.f = chance.pick([0, -1, 1e-45, 3e38, Number.NaN, Number.POSITIVE_INFINITY, 2.5]);
  } else if (type === ATTRIBUTE_TYPE.STRING) attribute.s = new TextEncoder().encode(chance.pick(WORDS));
  else if (attribute.t) setTensor(attribute.t, chance);
  else attribute.floats = [chance.pick([0, 1e38, Number.NaN, -2])];
}

function newAttribute(chance: Chance): AttributeMessage {
  const name = chance.pick(ATTRIBUTES);
  const kind = chance.int(4);
  if (kind === 0) return { name, type: ATTRIBUTE_TYPE.INT, i: someSize(chance) };
  if (kind === 1) return { name, type: ATTRIBUTE_TYPE.INTS, ints: someList(chance) };
  if (kind === 2) return { name, type: ATTRIBUTE_TYPE.STRING, s: new TextEncoder().encode(chance.pick(WORDS)) };
  return { name, type: ATTRIBUTE_TYPE.TENSOR, t: { dims: [1], dataType: 7, int64Data: [someSize(chance)] } };
}

/** Dims, type or elements of a tensor; whole numbers, which are sizes for other nodes, get other values. */
function setTensor(tensor: Mutable<TensorMessage>, chance: Chance): void {
  const dims = (tensor.dims ?? []).map(Number);
  const raw = tensor.rawData;
  if (tensor.dataType === 7 && raw && raw.length >= 8 && chance.flip(0.7)) {
    const copy = new Uint8Array(raw);
    const at = 8 * chance.int(Math.floor(copy.length / 8));
    new DataView(copy.buffer).setBigInt64(at, BigInt.asIntN(64, BigInt(someSize(chance))), true);
    tensor.rawData = copy;
    return;
  }
  const kind = chance.int(8);
  if (kind >= 6) refill(tensor, chance);
  else if (kind === 0 && dims.length > 0) tensor.dims = dims.with(chance.int(dims.length), someSize(chance));
  else if (kind === 1) tensor.dims = someList(chance);
  else if (kind === 2) tensor.dataType = chance.int(20);
  else if (kind === 3 && raw) tensor.rawData = raw.slice(0, chance.int(raw.length + 1));
  else if (kind === 4) tensor.dataLocation = chance.int(3);
  else if (raw) {
    const copy = new Uint8Array(raw);
    copy.fill(chance.pick([0, 0xff, 0x7f, 1]), chance.int(copy.length + 1));
    tensor.rawData = copy;
  }
}

const WIDTHS: Readonly<Record<number, number>> = { 1: 4, 2: 1, 6: 4, 7: 8, 9: 1, 11: 8 };

/** Other axes, and as many elements as they need. */
function refill(tensor: Mutable<TensorMessage>, chance: Chance): void {
  const dims = (tensor.dims ?? []).map(Number);
  const other = chance.flip(0.6)
    ? dims.map((dim) => (chance.flip(0.5) ? dim : chance.pick([0, 1, 2, dim + 1, 65])))
    : Array.from({ length: chance.int(5) }, () => chance.int(4));
  const size = other.reduce((product, axis) => product * axis, WIDTHS[tensor.dataType ?? 0] ?? 4);
  const raw = tensor.rawData;
  if (!raw || size > 100_000) return;
  tensor.dims = other;
  tensor.rawData = Uint8Array.from({ length: size }, (_, i) => raw[i % raw.length] ?? 0);
}

const DAMAGES: Readonly<Record<string, Damage>> = {
  attribute(graph, chance) {
    const { attribute } = someNode(graph, chance);
    if (attribute && attribute.length > 0) setAttribute(chance.pick(attribute), chance);
  },
  newAttribute(graph, chance) {
    listOf<AttributeMessage>(someNode(graph, chance), "attribute").push(newAttribute(chance));
  },
  noAttribute(graph, chance) {
    const { attribute } = someNode(graph, chance);
    if (attribute && attribute.length > 0) attribute.splice(chance.int(attribute.length), 1);
  },
  operator(graph, chance) {
    someNode(graph, chance).opType = chance.pick(OPERATORS);
  },
  input(graph, chance) {
    const node = someNode(graph, chance);
    const input = listOf<string>(node, "input");
    const kind = chance.int(5);
    if (input.length === 0 || kind === 0) input.push(chance.pick(names(graph)));
    else if (kind === 1) input.pop();
    else input[chance.int(input.length)] = chance.pick(names(graph));
  },
  output(graph, chance) {
    const output = listOf<string>(someNode(graph, chance), "output");
    output[chance.int(output.length + 1)] = chance.pick(names(graph));
  },
  order(graph, chance) {
    const nodes = nodesOf(graph);
    if (nodes.length === 0) return;
    const [i, j] = [chance.int(nodes.length), chance.int(nodes.length)];
    [nodes[i], nodes[j]] = [nodes[j], nodes[i]];
  },
  tensor(graph, chance) {
    if (initializersOf(graph).length > 0) setTensor(chance.pick(initializersOf(graph)), chance);
  },
  example(graph, chance) {
    const dims = graph.input?.[0]?.type?.tensorType?.shape?.dim;
    if (!dims || dims.length === 0) return;
    const dim = chance.pick(dims) as { dimValue?: number; dimParam?: string };
    delete dim.dimParam;
    dim.dimValue = someSize(chance);
  },
  type(graph, chance) {
    const tensorType = graph.input?.[0]?.type?.tensorType;
    if (tensorType) tensorType.elemType = chance.int(18);
  },
  result(graph, chance) {
    graph.output = [{ name: chance.pick(names(graph)) }];
  },
  opset(_, chance, model) {
    model.opsetImport = [
      {
        domain: chance.pick(["", "", "ai.onnx", "x"]),
        version: chance.flip(0.7) ? 7 + chance.int(16) : someSize(chance),
      },
    ];
  },
  sparse(graph, chance) {
    graph.sparseInitializer = [{ values: { name: chance.pick(names(graph)), dims: [1], dataType: 1, floatData: [1] } }];
  },
  branches(graph, chance) {
    const depth = chance.pick([1, 5, 60, 500, 2000]);
    let inner: GraphMessage = {
      node: [{ opType: "Identity", input: ["x"], output: ["deep"] }],
      output: [{ name: "deep" }],
    };
    for (let i = 0; i < depth; i++) inner = { node: [branching(inner, "deep")], output: [{ name: "deep" }] };
    nodesOf(graph).push(branching(inner, "deep_out"));
    graph.initializer = [...initializersOf(graph), { name: "yes", dims: [], dataType: 9, int32Data: [1] }];
    graph.output = [{ name: "deep_out" }];
  },
  chain(graph, chance) {
    const op = chance.pick(["Relu", "Identity", "Reshape", "Neg", "Transpose", "Add"]);
    const start = graph.output?.[0]?.name ?? "x";
    const length = chance.pick([10, 300, 2000]);
    const at = (i: number): string => (i === 0 ? start : `chain${i}`);
    for (let i = 0; i < length; i++) {
      const input = op === "Add" ? [at(i), at(i)] : op === "Reshape" ? [at(i), "chain_shape"] : [at(i)];
      nodesOf(graph).push({ opType: op, input, output: [at(i + 1)] });
    }
    initializersOf(graph).push({ name: "chain_shape", dims: [2], dataType: 7, int64Data: [0, -1] });
    graph.output = [{ name: at(length) }];
  },
  cycle(graph, chance) {
    const op = chance.pick(["Reshape", "Identity", "Cast", "Add", "Slice"]);
    nodesOf(graph).unshift(
      { opType: op, input: ["cycle2"], output: ["cycle1"] },
      { opType: op, input: ["cycle1"], output: ["cycle2"] },
    );
    someNode(graph, chance).input?.push("cycle1");
    graph.output = [{ name: chance.flip(0.5) ? "cycle2" : (graph.output?.[0]?.name ?? "cycle1") }];
  },
  /** An operator that is asked for a size by a constant, put behind the output. */
  growth(graph, chance) {
    const last = graph.output?.[0]?.name ?? "x";
    const sizes = Array.from({ length: 1 + chance.int(4) }, () => (chance.flip(0.5) ? 1 : chance.pick(EDGES)));
    const op = chance.pick([
      "Expand",
      "Tile",
      "ConstantOfShape",
      "Pad",
      "Reshape",
      "Range",
      "Resize",
      "OneHot",
      "Trilu",
      "Split",
    ]);
    const inputs: Readonly<Record<string, string[]>> = {
      ConstantOfShape: ["sizes"],
      Range: ["zero", "limit", "one"],
      Resize: [last, "", "", "sizes"],
      OneHot: ["zero", "limit", "pair"],
    };
    initializersOf(graph).push(
      { name: "sizes", dims: [sizes.length], dataType: 7, int64Data: sizes },
      { name: "limit", dims: [], dataType: 7, int64Data: [chance.pick(EDGES)] },
      { name: "zero", dims: [], dataType: 7, int64Data: [0] },
      { name: "one", dims: [], dataType: 7, int64Data: [1] },
      { name: "pair", dims: [2], dataType: 1, floatData: [0, 1] },
    );
    nodesOf(graph).push({ opType: op, input: inputs[op] ?? [last, "sizes"], output: ["grown"] });
    nodesOf(graph).push({
      opType: chance.pick(["Identity", "Cast", "Add", "ReduceSum"]),
      input: chance.flip(0.6) ? ["grown"] : ["grown", last],
      output: ["grown_out"],
    });
    graph.output = [{ name: chance.flip(0.7) ? "grown" : "grown_out" }];
  },
};

const branching = (inner: GraphMessage, output: string): NodeMessage => ({
  opType: "If",
  input: ["yes"],
  output: [output],
  attribute: ["then_branch", "else_branch"].map((name) => ({
    name,
    type: ATTRIBUTE_TYPE.GRAPH,
    g: name === "then_branch" ? inner : { output: [{ name: "x" }] },
  })),
});

/** Adds the sum of the output to the example: whatever axes and type it had, the model now has an output that is read, and runs. */
function tail(graph: GraphMessage): void {
  const [example, last] = [graph.input?.[0]?.name ?? "x", graph.output?.[0]?.name ?? "x"];
  nodesOf(graph).push(
    {
      opType: "Cast",
      input: [example],
      output: ["tail_x"],
      attribute: [{ name: "to", type: ATTRIBUTE_TYPE.INT, i: 1 }],
    },
    {
      opType: "Cast",
      input: [last],
      output: ["tail_real"],
      attribute: [{ name: "to", type: ATTRIBUTE_TYPE.INT, i: 1 }],
    },
    {
      opType: "ReduceSum",
      input: ["tail_real"],
      output: ["tail_sum"],
      attribute: [{ name: "keepdims", type: ATTRIBUTE_TYPE.INT, i: 0 }],
    },
    { opType: "Add", input: ["tail_x", "tail_sum"], output: ["tail_out"] },
  );
  graph.output = [{ name: "tail_out" }];
}

const COMMON = [
  "attribute",
  "attribute",
  "newAttribute",
  "noAttribute",
  "operator",
  "input",
  "tensor",
  "tensor",
  "growth",
];

/** A model with one to three kinds of damage; undefined where what came out cannot be written. */
export function damagedModel(bytes: Uint8Array, chance: Chance): { bytes: Uint8Array; note: string } | undefined {
  const model = decodeModel(bytes);
  const all = Object.keys(DAMAGES);
  const kinds = chance.several(3, () => chance.pick(chance.flip(0.7) ? COMMON : all));
  try {
    for (const kind of kinds) if (model.graph) DAMAGES[kind](model.graph, chance, model);
    if (model.graph && chance.flip(0.4)) {
      tail(model.graph);
      kinds.push("tail");
    }
    return { bytes: encodeModel(model), note: kinds.join(", ") };
  } catch {
    return undefined;
  }
}
