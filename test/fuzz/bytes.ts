// Damage to bytes, whatever they mean: flips, cuts, splices, and numbers put in place of numbers.

import { type Chance, EDGES } from "./chance.ts";

type Mutation = (bytes: Uint8Array, chance: Chance, other: Uint8Array) => Uint8Array;

const place = (bytes: Uint8Array, chance: Chance): number => chance.int(Math.max(1, bytes.length));

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const changed = (bytes: Uint8Array, change: (copy: Uint8Array, view: DataView) => void): Uint8Array => {
  const copy = bytes.slice();
  if (copy.length > 0) change(copy, new DataView(copy.buffer));
  return copy;
};

const flipBit: Mutation = (bytes, chance) =>
  changed(bytes, (copy) => {
    copy[place(copy, chance)] ^= 1 << chance.int(8);
  });

const setByte: Mutation = (bytes, chance) =>
  changed(bytes, (copy) => {
    copy[place(copy, chance)] = chance.flip(0.5) ? chance.pick([0, 1, 0x7f, 0x80, 0xff]) : chance.int(256);
  });

/** An integer of 2, 4 or 8 bytes, little-endian, as headers have them. */
const setInteger: Mutation = (bytes, chance) =>
  changed(bytes, (copy, view) => {
    const width = chance.pick([2, 4, 8]);
    const at = place(copy, chance);
    if (at + width > copy.length) return;
    const value = BigInt.asUintN(8 * width, BigInt(chance.pick(EDGES)));
    for (let i = 0; i < width; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 255n));
  });

const truncate: Mutation = (bytes, chance) => bytes.slice(0, place(bytes, chance));
const extend: Mutation = (bytes, chance, other) => joined(bytes, other.slice(0, chance.int(100)));
const remove: Mutation = (bytes, chance) => {
  const [start, length] = [place(bytes, chance), chance.int(64)];
  return joined(bytes.subarray(0, start), bytes.subarray(start + length));
};
const repeat: Mutation = (bytes, chance) => {
  const [start, length] = [place(bytes, chance), 1 + chance.int(64)];
  const part = bytes.subarray(start, start + length);
  const times = chance.flip(0.1) ? 500 : 1 + chance.int(3);
  return joined(bytes.subarray(0, start), ...Array<Uint8Array>(times).fill(part), bytes.subarray(start));
};
const splice: Mutation = (bytes, chance, other) => {
  const start = place(bytes, chance);
  const from = place(other, chance);
  const part = other.subarray(from, from + 1 + chance.int(200));
  return joined(bytes.subarray(0, start), part, bytes.subarray(start + (chance.flip(0.5) ? part.length : 0)));
};
const cross: Mutation = (bytes, chance, other) =>
  joined(bytes.subarray(0, place(bytes, chance)), other.subarray(place(other, chance)));

/** A number that is written in digits becomes another. */
const setDigits: Mutation = (bytes, chance) => {
  const starts = [...bytes.keys()].filter((i) => isDigit(bytes[i]) && !isDigit(bytes[i - 1]));
  if (starts.length === 0) return setByte(bytes, chance, bytes);
  const start = chance.pick(starts);
  let end = start;
  while (isDigit(bytes[end])) end++;
  const number = chance.flip(0.2)
    ? chance.pick(["1e9", "1e999", "0x10", "1.5", "NaN", "", "00", "9".repeat(400)])
    : BigInt(chance.pick(EDGES)).toString();
  return joined(bytes.subarray(0, start), new TextEncoder().encode(number), bytes.subarray(end));
};
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

const MUTATIONS = [
  flipBit,
  setByte,
  setInteger,
  truncate,
  extend,
  remove,
  repeat,
  splice,
  cross,
  setDigits,
  setInteger,
  setDigits,
];

/** Bytes with one to four kinds of damage; `other` is what is spliced in. Never more than 1 MB. */
export function damaged(bytes: Uint8Array, chance: Chance, other: Uint8Array): { bytes: Uint8Array; note: string } {
  const mutations = chance.several(chance.flip(0.6) ? 1 : 4, () => chance.pick(MUTATIONS));
  const result = mutations.reduce((current, mutate) => mutate(current, chance, other), bytes);
  return { bytes: result.slice(0, 1_000_000), note: mutations.map(({ name }) => name).join(", ") };
}
