// Fuzzed safetensors files: damaged ones, and headers of chance.

import { decodeSafetensors, encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { tensor } from "../../src/numeric/tensor.ts";
import { damaged } from "./bytes.ts";
import { type Chance, jsonText, oddValue, someSize } from "./chance.ts";
import { bytesOfSingle, type Family, single } from "./input.ts";
import { faultOfTensor } from "./npy.ts";

const originals = [
  encodeSafetensors({ params: tensor("float64", [5], Float64Array.of(1, 2, 3, 4, 5)) }, { step: "3" }),
  encodeSafetensors({
    a: tensor("int64", [2, 2], BigInt64Array.of(1n, 2n, 3n, 4n)),
    b: tensor("float32", [3], Float32Array.of(1, 2, 3)),
    c: tensor("bool", [3], Uint8Array.of(0, 1, 1)),
    d: tensor("float32", [0, 7], new Float32Array()),
  }),
  encodeSafetensors({}),
];

const WIDTHS: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  U8: 1,
  BOOL: 1,
  F16: 2,
  BF16: 2,
  I8: 1,
};
const NAMES = ["a", "b", "params", "buffer.m", "__metadata__", "__proto__", "constructor", "", "a\nb", "x".repeat(300)];

/** A tensor's line; mostly one that fits where the last one ended. */
function lineOf(chance: Chance, at: number): { text: string; end: number } {
  const dtype = chance.flip(0.9) ? chance.pick(Object.keys(WIDTHS)) : oddValue(chance);
  const shape = chance.flip(0.85) ? Array.from({ length: chance.int(4) }, () => someSize(chance)) : oddValue(chance);
  const sizes = Array.isArray(shape) ? (shape as number[]) : [];
  const width = WIDTHS[String(dtype)] ?? 1;
  const size = chance.flip(0.8) ? sizes.reduce((product, axis) => product * axis, width) : someSize(chance);
  const begin = chance.flip(0.85) ? at : someSize(chance);
  const offsets = chance.flip(0.93) ? [begin, begin + size] : oddValue(chance);
  const value = chance.flip(0.97) ? { dtype, shape, data_offsets: offsets } : oddValue(chance);
  const safe = Number.isSafeInteger(begin + size) && size >= 0 && size < 1e5;
  const name = chance.pick(NAMES);
  return { text: `${jsonText(name)}:${jsonText(value)}`, end: safe ? begin + size : at };
}

function headerOf(chance: Chance): { text: string; end: number } {
  if (chance.flip(0.05)) return { text: jsonText(oddValue(chance)), end: 0 };
  if (chance.flip(0.02)) return { text: "[".repeat(100_000), end: 0 };
  let end = 0;
  const lines = chance.several(4, () => {
    const line = lineOf(chance, end);
    end = line.end;
    return line.text;
  });
  if (chance.flip(0.2)) lines.push(`"__metadata__":${jsonText(chance.flip(0.5) ? { step: "1" } : oddValue(chance))}`);
  return { text: `{${lines.join(",")}}`, end };
}

function safetensorsOf(chance: Chance): Uint8Array {
  const { text, end } = headerOf(chance);
  const header = new TextEncoder().encode(`${chance.flip(0.03) ? "\ufeff" : ""}${text}${" ".repeat(chance.int(8))}`);
  const length = chance.flip(0.9) ? header.length : someSize(chance);
  const body = Math.max(0, Math.min(1e5, chance.flip(0.9) ? end : chance.int(100)));
  const bytes = new Uint8Array(8 + header.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(length)), true);
  bytes.set(header, 8);
  return bytes;
}

export const safetensors: Family = {
  name: "safetensors",
  make(chance) {
    if (chance.flip(0.55)) return single("input.safetensors", "a header of chance", safetensorsOf(chance));
    const { bytes, note } = damaged(chance.pick(originals), chance, chance.pick(originals));
    return single("input.safetensors", note, bytes);
  },
  async read(input) {
    const { tensors, metadata } = decodeSafetensors(bytesOfSingle(input), "input.safetensors");
    const odd = Object.values(metadata).find((note) => typeof note !== "string");
    if (odd !== undefined) return `a note is no text: ${odd}`;
    return Object.entries(tensors)
      .map(([name, array]) => faultOfTensor(array, name))
      .find((fault) => fault !== undefined);
  },
};
