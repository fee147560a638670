// Fuzzed data files: tables, texts, arrays and image sets, as a user hands them to `train`.

import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadDataset } from "../../src/data/registry.ts";
import type { LoadOptions } from "../../src/data/types.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { reals, type Tensor, tensor } from "../../src/numeric/tensor.ts";
import { damaged } from "./bytes.ts";
import { type Chance, EDGES, someSize } from "./chance.ts";
import { type Entry, type Family, type Input, writeInput } from "./input.ts";
import { zipOf } from "./zip.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const CELLS = [
  "",
  "1",
  "-2.5",
  "1e999",
  "NaN",
  "inf",
  '"',
  '"a"',
  "a,b",
  "x",
  "2",
  "3",
  "0",
  "\u0000",
  "é",
  " ",
  "1e-400",
];

function tableOf(chance: Chance): string {
  const [rows, columns] = [chance.flip(0.97) ? chance.int(8) : 3000, chance.flip(0.97) ? 1 + chance.int(4) : 500];
  const separator = chance.pick([",", ";", "\t", "|"]);
  const header = Array.from({ length: columns }, (_, k) => (chance.flip(0.95) ? `c${k}` : chance.pick(CELLS)));
  const line = (): string =>
    Array.from({ length: columns }, () => (chance.flip(0.97) ? `${chance.int(9)}` : chance.pick(CELLS))).join(
      separator,
    );
  const end = chance.pick(["\n", "\r\n", "\r"]);
  return [header.join(separator), ...Array.from({ length: rows }, line)].join(end);
}

function idxOf(chance: Chance, axes: readonly number[]): Uint8Array {
  const shape = axes.map((axis) => (chance.flip(0.9) ? axis : someSize(chance)));
  const size = axes.reduce((product, axis) => product * axis, 1);
  const bytes = new Uint8Array(4 + 4 * shape.length + (chance.flip(0.9) ? size : chance.int(50)));
  bytes.set([
    0,
    0,
    chance.flip(0.95) ? 8 : chance.int(256),
    chance.flip(0.9) ? shape.length : chance.pick([0, 1, 200, 255]),
  ]);
  const view = new DataView(bytes.buffer);
  for (const [i, axis] of shape.entries()) view.setUint32(4 + 4 * i, Number(BigInt.asUintN(32, BigInt(axis))));
  return bytes;
}

let zeros: Uint8Array | undefined;

/** An image set; gzipped files may be damaged, or expand a thousandfold. */
function imagesOf(chance: Chance): Map<string, Entry> {
  const files = new Map<string, Entry>();
  for (const part of ["train", "t10k"]) {
    const n = 1 + chance.int(5);
    for (const [kind, axes] of Object.entries({ "images-idx3": [n, 2, 3], "labels-idx1": [n] })) {
      const bytes = idxOf(chance, axes);
      const packed = chance.flip(0.3);
      if (packed && chance.flip(0.1)) zeros ??= new Uint8Array(gzipSync(new Uint8Array(2 ** 29)));
      const gz = chance.flip(0.1) && zeros ? zeros : new Uint8Array(gzipSync(bytes));
      const content = packed ? gz : bytes;
      const whole = chance.flip(0.9) || content === zeros;
      files.set(`${part}-${kind}-ubyte${packed ? ".gz" : ""}`, whole ? content : damaged(content, chance, bytes).bytes);
    }
  }
  return files;
}

function arraysOf(chance: Chance): Uint8Array {
  if (chance.flip(0.2)) return zipOf(chance);
  const n = chance.int(6);
  const array = (shape: number[]): Tensor => {
    const size = shape.reduce((a, b) => a * b, 1);
    const numbers = Array.from({ length: size }, () => (chance.flip(0.9) ? chance.int(3) : chance.pick(EDGES)));
    const kind = chance.int(4);
    if (kind === 0) return reals(shape, numbers);
    if (kind === 1) return tensor("uint8", shape, Uint8Array.from(numbers));
    if (kind === 2) return tensor("int32", shape, Int32Array.from(numbers));
    return tensor(
      "int64",
      shape,
      BigInt64Array.from(numbers, (k) => BigInt.asIntN(64, BigInt(k))),
    );
  };
  const names = ["x_train", "y_train", "x_test", "y_test"].slice(0, chance.pick([2, 2, 4, 4, 1, 3]));
  const shapeOf = (name: string): number[] =>
    name.startsWith("x") ? (chance.flip(0.9) ? [n, 2] : [n]) : chance.flip(0.7) ? [n] : [n, chance.int(3)];
  return encodeNpz(Object.fromEntries(names.map((name) => [name, array(shapeOf(name))])));
}

const KINDS: Readonly<Record<string, (chance: Chance) => Map<string, Entry>>> = {
  csv: (chance) => {
    const files = new Map<string, Entry>([["data.csv", encode(tableOf(chance))]]);
    if (chance.flip(0.3)) files.set("data.test.csv", encode(tableOf(chance)));
    return files;
  },
  tsv: (chance) => new Map([["data.tsv", encode(tableOf(chance))]]),
  txt: (chance) => new Map([["data.txt", encode(chance.pick(["", "a", "ab".repeat(80), "\ufeffé😀".repeat(70)]))]]),
  npz: (chance) => new Map([["data.npz", arraysOf(chance)]]),
  mnist: imagesOf,
};

function make(chance: Chance): Input {
  const kind = chance.pick(Object.keys(KINDS));
  const files = KINDS[kind](chance);
  if (kind === "mnist" || chance.flip(0.5)) return { note: kind, files };
  const [[name, entry]] = files;
  const { bytes, note } = damaged(entry as Uint8Array, chance, encode(tableOf(chance)));
  return { note: `${kind}, ${note}`, files: new Map([...files, [name, bytes]]) };
}

async function read(input: Input, folder: string): Promise<string | undefined> {
  writeInput(input, folder);
  const [first] = [...input.files.keys()];
  const isSet = first.includes("ubyte");
  const options: LoadOptions = isSet ? { directory: folder } : { context: 8 };
  const { train, test, classes } = await loadDataset(isSet ? "mnist" : join(folder, first), options);
  for (const { x, y } of [train, test]) {
    if (x.shape[0] !== y.shape[0]) return `${x.shape[0]} examples have ${y.shape[0]} targets`;
    if (!(x.data as Float64Array).every(Number.isFinite)) return "x is not finite";
    if (y.dtype === "int64" && !(y.data as BigInt64Array).every((k) => k === -100n || (k >= 0n && k < classes.length)))
      return "a label is no class";
  }
  return undefined;
}

export const tables: Family = { name: "data", make, read };
