// Fuzzed NPY files: damaged fixtures, and headers that claim anything.

import { readdirSync, readFileSync } from "node:fs";
import { decodeNpy } from "../../src/numeric/npy.ts";
import type { Tensor } from "../../src/numeric/tensor.ts";
import { damaged } from "./bytes.ts";
import { type Chance, someSize } from "./chance.ts";
import { bytesOfSingle, type Family, single } from "./input.ts";

const folder = new URL("../../fixtures/npy/", import.meta.url);

const filesEndingIn = (ending: string): Uint8Array[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => new Uint8Array(readFileSync(new URL(file, folder))));

const originals = filesEndingIn(".npy");

const DESCRS = "<f4 <f8 <f2 <i8 <i4 <i2 |i1 |u1 <u2 <u4 <u8 |b1 >f8 <c16 |S8 <U4 |O8 |V0 |V9 f8 <f80 <f <".split(" ");

function shapeOf(chance: Chance): { text: string; size: number } {
  const rank = chance.flip(0.05) ? chance.pick([32, 65, 1000, 5000]) : chance.int(5);
  const axes = Array.from({ length: rank }, () => (rank > 8 ? 1 : someSize(chance)));
  const texts = axes.map((axis) =>
    chance.flip(0.05) ? chance.pick(["", "1.5", "1e3", "0x8", "1L", " 1 ", "(1)"]) : `${BigInt(axis)}`,
  );
  const size = axes.reduce((product, axis) => product * axis, 1);
  return { text: `(${texts.join(chance.flip(0.95) ? ", " : ",,")}${rank === 1 ? "," : ""})`, size };
}

/** A header and elements that may or may not fit it. */
export function npyOf(chance: Chance): Uint8Array {
  const code = chance.pick(DESCRS);
  const shape = shapeOf(chance);
  const descr = chance.flip(0.9) ? `'${code}'` : chance.pick(["[('a', '<f4')]", "None", '"<f4"', "''"]);
  const fortran = chance.flip(0.9) ? chance.pick(["True", "False"]) : chance.pick(["true", "1", "None"]);
  const parts = [`'descr': ${descr}`, `'fortran_order': ${fortran}`, `'shape': ${shape.text}`];
  if (chance.flip(0.1)) parts.splice(chance.int(3), chance.int(2), chance.pick(parts));
  const padding = chance.flip(0.03) ? 200_000 : chance.int(64);
  const text = `{${parts.join(", ")}, }${" ".repeat(padding)}\n`;
  const version = chance.flip(0.8) ? 1 : chance.int(6);
  const start = version === 1 ? 10 : 12;
  const length = chance.flip(0.85) ? text.length : someSize(chance);
  const fitting = shape.size * (Number(/\d+/.exec(code)?.[0]) || 1);
  const elements = chance.flip(0.8) && fitting >= 0 && fitting < 1e5 ? fitting : chance.int(200);
  const bytes = new Uint8Array(start + text.length + elements).fill(chance.int(256));
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, Number(BigInt.asUintN(16, BigInt(length))), true);
  else view.setUint32(8, Number(BigInt.asUintN(32, BigInt(length))), true);
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  return bytes;
}

/** What is wrong with a tensor that was read, or undefined. */
export function faultOfTensor({ dtype, shape, data }: Tensor, name: string): string | undefined {
  if (!shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)) return `${name} has the shape [${shape}]`;
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (size !== data.length) return `${name} has ${data.length} elements for shape [${shape}]`;
  const type = dtype === "int64" ? "bigint" : "number";
  const ends = [...data.subarray(0, 100), ...data.subarray(-100)] as unknown[];
  const odd = ends.find((value) => typeof value !== type);
  return odd === undefined ? undefined : `${name} of ${dtype} holds ${odd}`;
}

export const npy: Family = {
  name: "npy",
  make(chance) {
    if (chance.flip(0.5)) return single("input.npy", "a header of chance", npyOf(chance));
    const { bytes, note } = damaged(chance.pick(originals), chance, chance.pick(originals));
    return single("input.npy", note, bytes);
  },
  read: async (input) => faultOfTensor(decodeNpy(bytesOfSingle(input), "input.npy"), "the array"),
};

export const npzOriginals = filesEndingIn(".npz");
