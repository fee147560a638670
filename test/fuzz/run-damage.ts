// Damage to run folders: bytes, manifest, links, names, and parts that are wrong although their hashes are right.

import { encodeNpy } from "../../src/numeric/npy.ts";
import { encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { sha256 } from "../../src/numeric/sha256.node.ts";
import { tensor } from "../../src/numeric/tensor.ts";
import { damaged } from "./bytes.ts";
import { type Chance, EDGES, jsonText, oddValue, someSize } from "./chance.ts";
import type { Entry } from "./input.ts";
import { smallModels } from "./onnx-corpus.ts";
import { damagedModel } from "./onnx-damage.ts";
import type { BaseRun } from "./run-corpus.ts";

/** A run under damage. */
export interface Damaged {
  readonly base: BaseRun;
  readonly parts: Map<string, Entry>;
  /** A part was changed together with its hash: what is read may differ from what was recorded. */
  rehashed: boolean;
}

type Damage = (run: Damaged, chance: Chance) => string;

const MANIFEST = "manifest.json";
const LARGEST_MANIFEST = 50_000;
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const somePart = ({ parts }: Damaged, chance: Chance): string => chance.pick([...parts.keys()]);

interface Tree {
  [key: string]: unknown;
}

function manifestOf({ parts }: Damaged): Tree | undefined {
  const bytes = parts.get(MANIFEST);
  // One that was nested without end before cannot be written again.
  if (bytes instanceof Uint8Array && bytes.length > LARGEST_MANIFEST) return undefined;
  try {
    const value: unknown = bytes instanceof Uint8Array ? JSON.parse(decode(bytes)) : undefined;
    return typeof value === "object" && value !== null ? (value as Tree) : undefined;
  } catch {
    return undefined;
  }
}

function writeManifest({ parts }: Damaged, manifest: Tree): void {
  parts.set(MANIFEST, encode(jsonText(manifest)));
}

/** Every object and list in a JSON value with the keys in it, but for those that lie very deep. */
function places(value: unknown, depth = 20): { owner: Tree; key: string }[] {
  if (typeof value !== "object" || value === null || depth === 0) return [];
  const owner = value as Tree;
  return Object.keys(owner).flatMap((key) => [{ owner, key }, ...places(owner[key], depth - 1)]);
}

const bytes: Damage = (run, chance) => {
  const part = somePart(run, chance);
  const [entry, other] = [run.parts.get(part), run.parts.get(somePart(run, chance))];
  if (!(entry instanceof Uint8Array)) return "nothing";
  const result = damaged(entry, chance, other instanceof Uint8Array ? other : entry);
  run.parts.set(part, result.bytes);
  return `${part}: ${result.note}`;
};

const manifest: Damage = (run, chance) => {
  const tree = manifestOf(run);
  const all = places(tree);
  if (!tree || all.length === 0) return "nothing";
  const { owner, key } = chance.pick(all);
  const kind = chance.int(5);
  if (kind === 0) delete owner[key];
  else if (kind === 1 && typeof owner[key] === "number") owner[key] = chance.pick(EDGES);
  else if (kind === 2) owner[chance.pick(["__proto__", "constructor", "steps", "extra"])] = oddValue(chance);
  else owner[key] = oddValue(chance);
  writeManifest(run, tree);
  return `${MANIFEST}: ${key}`;
};

/** Targets of links: outside of the run (where equal files lie), absolute, within, in a circle, to what never ends. */
function linkFrom(part: string, chance: Chance): string {
  const up = "../".repeat(part.split("/").length);
  return chance.pick([
    `${up}outside/${part}`,
    "/etc/passwd",
    "/dev/zero",
    "/proc/self/mem",
    `${up}outside`,
    part.split("/").at(-1)!,
    ".",
    "..",
    "/",
    "nowhere",
  ]);
}

const link: Damage = (run, chance) => {
  const part = somePart(run, chance);
  const target = linkFrom(part, chance);
  run.parts.set(part, { link: target });
  return `${part} is a link to ${target}`;
};

const folderLink: Damage = (run, chance) => {
  const folder = chance.pick(["batches", "scalars", "checkpoints", "superposition"]);
  for (const part of [...run.parts.keys()]) if (part.startsWith(`${folder}/`)) run.parts.delete(part);
  const target = linkFrom(folder, chance);
  run.parts.set(folder, { link: target });
  return `${folder} is a link to ${target}`;
};

const kind: Damage = (run, chance) => {
  const part = somePart(run, chance);
  const what = chance.int(3);
  if (what === 0) run.parts.delete(part);
  else run.parts.set(part, what === 1 ? { pipe: true } : { folder: true });
  return `${part} is ${["gone", "a pipe", "a folder"][what]}`;
};

const swap: Damage = (run, chance) => {
  const [a, b] = [somePart(run, chance), somePart(run, chance)];
  const [first, second] = [run.parts.get(a)!, run.parts.get(b)!];
  run.parts.set(a, second).set(b, first);
  return `${a} and ${b} are swapped`;
};

const stranger: Damage = (run, chance) => {
  const digits = chance.pick(["00000099", "99999999999999999999", "0".repeat(200), "00000002 ", "-0000001"]);
  const part = `checkpoints/${digits}.safetensors`;
  run.parts.set(part, run.parts.get(somePart(run, chance))!);
  return `${part} is there too`;
};

const hashes: Damage = (run, chance) => {
  const entry = run.parts.get("checkpoints.sha256");
  if (!(entry instanceof Uint8Array)) return "nothing";
  const lines = decode(entry).split("\n");
  const line = chance.int(lines.length);
  const names = [
    "../00000000.safetensors",
    "/etc/passwd",
    "checkpoints/../../x",
    "checkpoints/999999999999999.safetensors",
  ];
  lines[line] = chance.flip(0.3) ? lines[0] : `${"0".repeat(64)}  ${chance.pick(names)}`;
  run.parts.set("checkpoints.sha256", encode(lines.join("\n")));
  return `checkpoints.sha256: line ${line + 1}`;
};

const someInts = (chance: Chance, length: number): Int32Array => Int32Array.from({ length }, () => someSize(chance));
const someReals = (chance: Chance, length: number): Float64Array =>
  Float64Array.from({ length }, () => chance.pick([0.5, 0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300]));

/** An array of chance with its right hash: as a recorder with a fault, or a stranger, would write it. */
const array: Damage = (run, chance) => {
  const tree = manifestOf(run);
  const arrays = tree?.arrays as Tree | undefined;
  if (!tree || typeof arrays !== "object") return "nothing";
  const part = chance.pick(Object.keys(arrays));
  const length = chance.pick([0, 1, 2, 6, 12, 18, 100]);
  const isInt = chance.flip(0.9) ? /indices|ranges/.test(part) : chance.flip(0.5);
  const shape = part.includes("ranges") && chance.flip(0.9) ? [length, 2] : [length];
  const size = shape.reduce((a, b) => a * b, 1);
  const made = isInt
    ? tensor("int32", shape, someInts(chance, size))
    : tensor("float64", shape, someReals(chance, size));
  run.parts.set(part, encodeNpy(made));
  arrays[part] = { elements: chance.flip(0.9) ? size : someSize(chance), sha256: sha256(made.data) };
  writeManifest(run, tree);
  run.rehashed = true;
  return `${part} and its hash`;
};

const checkpoint: Damage = (run, chance) => {
  const entry = run.parts.get("checkpoints.sha256");
  const names = [...run.parts.keys()].filter((part) => part.startsWith("checkpoints/"));
  if (names.length === 0) return "nothing";
  const part = chance.pick(names);
  const size = chance.flip(0.8) ? run.base.run.layout.size : chance.int(40);
  const flat = () =>
    tensor(
      "float64",
      [size],
      Float64Array.from({ length: size }, () => chance.int(9)),
    );
  const extra = chance.pick(["buffer.m", "buffer.__proto__", "buffer.constructor", "buffer.", "__proto__", "m"]);
  const step = chance.flip(0.8) ? `${Number(/\d+/.exec(part)?.[0])}` : chance.pick(["NaN", "-1", "1e9"]);
  const made = encodeSafetensors({ params: flat(), [extra]: flat() }, { step });
  run.parts.set(part, made);
  if (entry instanceof Uint8Array) {
    const lines = decode(entry)
      .split("\n")
      .map((line) => (line.endsWith(part) ? `${sha256(made)}  ${part}` : line));
    run.parts.set("checkpoints.sha256", encode(lines.join("\n")));
  }
  run.rehashed = true;
  return `${part} and its hash`;
};

/** Another model under its right hash: what a stranger can send. */
const model: Damage = (run, chance) => {
  const tree = manifestOf(run);
  const known = tree?.model as Tree | undefined;
  const entry = run.parts.get("model.onnx");
  if (!tree || typeof known !== "object" || !(entry instanceof Uint8Array) || !run.base.reopens) return "nothing";
  const original = chance.flip(0.7) ? entry : chance.pick(smallModels);
  let other = { bytes: original, note: "another" };
  try {
    other = damagedModel(original, chance) ?? other;
  } catch {
    return "nothing"; // the model was damaged before, and is none any more
  }
  run.parts.set("model.onnx", other.bytes);
  tree.model = { ...known, sha256: sha256(other.bytes) };
  writeManifest(run, tree);
  run.rehashed = true;
  return `model.onnx and its hash: ${other.note}`;
};

const DAMAGES = [
  bytes,
  bytes,
  manifest,
  manifest,
  manifest,
  link,
  folderLink,
  kind,
  swap,
  stranger,
  hashes,
  array,
  array,
  checkpoint,
  model,
];

/** A run with one or two kinds of damage. */
export function damagedRun(base: BaseRun, chance: Chance): { run: Damaged; note: string } {
  const run: Damaged = { base, parts: new Map(base.parts), rehashed: false };
  const notes = chance.several(2, () => chance.pick(DAMAGES)(run, chance));
  return { run, note: `${base.name}: ${notes.join("; ")}` };
}
