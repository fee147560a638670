// Which initializers of a file are parameters: all float ones that reach the output, save those that only look like it, or those named.

import type { RealDType, Tensor } from "../../numeric/tensor.ts";
import type { NodeMessage } from "./proto.ts";

/** A parameter of an imported model, with the value that it starts from. */
export interface ImportedParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Tensor<RealDType>;
}

export interface Roles {
  readonly parameters: readonly ImportedParameter[];
  /** Copies of parameters that stay what they were in the file. */
  readonly detached: ReadonlyMap<string, Tensor>;
  readonly notes: readonly string[];
}

interface Use {
  readonly op: string;
  readonly input: number;
  /** Name of the node's first output. */
  readonly output: string;
}

interface Candidate {
  readonly name: string;
  readonly data: Tensor<RealDType>;
  readonly uses: readonly Use[];
  /** Operators that meet it in the end, behind those that only cut, reshape or convert it. */
  readonly ends: ReadonlySet<string>;
  /** The initializer that this one is a copy of by Identity. */
  readonly aliasOf: string | undefined;
}

// Names that exporters invent for what they computed from a parameter, or for a constant.
const INVENTED_NAME = /^(onnx::.*|\d+|_?val_\d+)$/;

// Constants of our own files.
const CONSTANT_NAME = /^%c\d+$/;

// Inputs that hold settings, not weights.
const SETTINGS: ReadonlyMap<string, readonly number[]> = new Map([
  ["Clip", [1, 2]],
  ["Pad", [2]],
  ["Dropout", [1]],
  ["OneHot", [2]],
  ["Resize", [1, 2]],
  ["Upsample", [1]],
  ["Pow", [1]],
  ["CastLike", [1]],
  ["Shape", [0]],
  ["Size", [0]],
]);

// Masks hold 0 and minus infinity, which some models write as a large number (float16's least, -65504, or -1e4).
const MASKED = -1e4;

// A mask may also be a triangle of ones that is cut to size and compared.
const ARRANGING = new Set(["Identity", "Slice", "Reshape", "Squeeze", "Unsqueeze", "Expand", "Gather", "Cast"]);
// torch.baddbmm, which nn.MultiheadAttention adds its mask by, multiplies it with 1 first.
const SHUTTING = new Set(["Add", "Where", "Mul"]);
const COMPARING = new Set(["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not"]);

function isComparedMask({ data, ends }: Candidate): boolean {
  return [...ends].every((op) => COMPARING.has(op)) && data.data.every((value) => value === 0 || value === 1);
}

/** A square triangle of ones, which some models multiply with scores; the unit matrix alone may be a weight's start. */
function isTriangle({ data: { shape, data } }: Candidate): boolean {
  const size = shape.at(-1) ?? 1;
  if (size < 2 || shape.at(-2) !== size || data.length !== size * size) return false;
  const holds = (inside: (row: number, column: number) => boolean): boolean =>
    data.every((value, k) => value === Number(inside(Math.floor(k / size), k % size)));
  return holds((row, column) => column <= row) || holds((row, column) => column >= row);
}

/** What is added, or chosen by Where, to shut elements out; Where's fill is a single number. */
function isMask(candidate: Candidate): boolean {
  if (isComparedMask(candidate) || isTriangle(candidate)) return true;
  const { data, uses } = candidate;
  if (uses.every(({ op }) => op === "Where") && data.data.length === 1) return true;
  if (![...candidate.ends].every((op) => SHUTTING.has(op))) return false;
  return data.data.some((value) => value <= MASKED) && data.data.every((value) => value === 0 || value <= MASKED);
}

const REASONS: readonly (readonly [why: string, holds: (candidate: Candidate) => boolean])[] = [
  ["normalisation statistics", ({ uses }) => uses.every(({ op, input }) => op === "BatchNormalization" && input >= 3)],
  ["settings of operators", ({ uses }) => uses.every(({ op, input }) => SETTINGS.get(op)?.includes(input))],
  ["masks", isMask],
  ["stored as aliases of equal initializers", ({ aliasOf }) => aliasOf !== undefined],
  [
    "folded copies under invented names (do_constant_folding=False keeps the model's own)",
    ({ name }) => INVENTED_NAME.test(name),
  ],
];

const isReal = (data: Tensor): data is Tensor<RealDType> => data.dtype === "float32" || data.dtype === "float64";

/** Identity nodes of initializers: what they write, with the initializer at the root. */
function aliasesIn(nodes: readonly NodeMessage[], initializers: ReadonlyMap<string, Tensor>): Map<string, string> {
  const roots = new Map<string, string>();
  for (const { opType, input, output } of nodes) {
    const source = input?.[0];
    if (opType !== "Identity" || !source || !output?.[0]) continue;
    const root = roots.get(source) ?? (initializers.has(source) ? source : undefined);
    if (root !== undefined) roots.set(output[0], root);
  }
  return roots;
}

function usesIn(nodes: readonly NodeMessage[], aliases: ReadonlyMap<string, string>): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const node of nodes) {
    if (node.opType === "Identity" && aliases.has(node.output?.[0] ?? "")) continue;
    node.input?.forEach((name, input) => {
      const known = uses.get(name) ?? [];
      known.push({ op: node.opType ?? "", input, output: node.output?.[0] ?? "" });
      uses.set(name, known);
    });
  }
  return uses;
}

function endsOf(uses: readonly Use[], all: ReadonlyMap<string, readonly Use[]>): Set<string> {
  const ends = new Set<string>();
  // A set is gone through as it grows, and each use once: chains may be long, and in a damaged file circles.
  const met = new Set(uses);
  for (const { op, input, output } of met) {
    if (input !== 0 || !ARRANGING.has(op)) ends.add(op);
    else for (const use of all.get(output) ?? []) met.add(use);
  }
  return ends;
}

/** Float initializers that something uses; an alias counts as one when its root is used elsewhere too. */
function candidatesIn(nodes: readonly NodeMessage[], initializers: ReadonlyMap<string, Tensor>): Candidate[] {
  const aliases = aliasesIn(nodes, initializers);
  const uses = usesIn(nodes, aliases);
  return [...initializers].flatMap(([name, data]): Candidate[] => {
    if (!isReal(data) || CONSTANT_NAME.test(name)) return [];
    const aliased = [...aliases].filter(([alias, root]) => root === name && uses.has(alias)).map(([alias]) => alias);
    const [first, ...others] = uses.has(name) ? [name, ...aliased] : aliased;
    if (first === undefined) return [];
    const candidate = (alias: string, used: string, aliasOf: string | undefined): Candidate => {
      const own = uses.get(used)!;
      return { name: alias, data, uses: own, ends: endsOf(own, uses), aliasOf };
    };
    return [candidate(name, first, undefined), ...others.map((alias) => candidate(alias, alias, name))];
  });
}

/** One line for each reason, with all names. */
function notesOn(kept: readonly (readonly [Candidate, string])[]): string[] {
  const reasons = [...new Set(kept.map(([, why]) => why))];
  return reasons.map((why) => {
    const names = kept.filter(([, reason]) => reason === why).map(([candidate]) => textOf(candidate));
    return `kept constant, ${why}: ${names.join(", ")}; name them in parameters to train them`;
  });
}

const textOf = ({ name, aliasOf }: Candidate): string => (aliasOf === undefined ? name : `${name} (of ${aliasOf})`);

/**
 * Sorts the initializers of the live nodes into parameters and constants.
 *
 * Throws RangeError when `pattern` is given and matches none.
 */
export function rolesOf(
  nodes: readonly NodeMessage[],
  initializers: ReadonlyMap<string, Tensor>,
  pattern?: RegExp,
): Roles {
  const candidates = candidatesIn(nodes, initializers);
  const reasonOf = (candidate: Candidate): string | undefined => {
    if (pattern) return pattern.test(candidate.name) ? undefined : "not named in parameters";
    return REASONS.find(([, holds]) => holds(candidate))?.[0];
  };
  const kept = candidates.flatMap((candidate) => {
    const why = reasonOf(candidate);
    return why === undefined ? [] : [[candidate, why] as const];
  });
  const constant = new Set(kept.map(([candidate]) => candidate));
  const chosen = candidates.filter((candidate) => !constant.has(candidate));
  if (pattern && chosen.length === 0) {
    const names = candidates.map(({ name }) => name).join(", ") || "none";
    throw new RangeError(`readOnnx: parameters must match an initializer, got /${pattern.source}/; there are ${names}`);
  }
  const own = chosen.flatMap(({ name, aliasOf }) =>
    aliasOf === undefined ? [] : `${name} is trained apart from ${aliasOf}, whose values it starts from`,
  );
  return {
    parameters: chosen.map(({ name, data }) => ({ name, shape: data.shape, data })),
    detached: new Map(
      [...constant].filter(({ aliasOf }) => aliasOf !== undefined).map(({ name, data }) => [name, data]),
    ),
    notes: [...(chosen.length === 0 ? ["no initializer is taken as a parameter"] : []), ...notesOn(kept), ...own],
  };
}
