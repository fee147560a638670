// Fuzzed NPZ archives: damaged ones, and archives whose records say what they like.

import { deflateRawSync } from "node:zlib";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { decodeNpz } from "../../src/numeric/npz.ts";
import { tensor } from "../../src/numeric/tensor.ts";
import { damaged } from "./bytes.ts";
import { type Chance, someSize } from "./chance.ts";
import { bytesOfSingle, type Family, single } from "./input.ts";
import { faultOfTensor, npyOf, npzOriginals } from "./npy.ts";

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = CRC_TABLE[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

/** One entry, with what its records say of it. */
interface Said {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly stored: number;
  readonly whole: number;
  readonly extra: Uint8Array;
  readonly content: Uint8Array;
}

const NAMES = [
  "a.npy",
  "a.npy",
  "x_train.npy",
  "y_train.npy",
  "../a.npy",
  "/etc/a.npy",
  "..\\a.npy",
  "C:\\a.npy",
  "a/b.npy",
];
const ODD_NAMES = [".npy", "", "a", "__proto__.npy", "constructor.npy", "a\n.npy", "a\u0000.npy", "a.npy/", "é.npy"];

interface Content {
  readonly whole: Uint8Array;
  readonly deflated: Uint8Array;
  readonly crc: number;
}
const bombs = new Map<number, Content>();

/** An array of zeros of so many MB, which deflates to a thousandth; made once. */
function bombOf(megabytes: number): Content {
  const whole = encodeNpy(tensor("uint8", [megabytes * 2 ** 20], new Uint8Array(megabytes * 2 ** 20)));
  const bomb = bombs.get(megabytes) ?? { whole, deflated: deflateRawSync(whole, { level: 9 }), crc: crc32(whole) };
  bombs.set(megabytes, bomb);
  return bomb;
}

function entryOf(chance: Chance): Said {
  const name = chance.pick(chance.flip(0.75) ? NAMES : ODD_NAMES);
  const isBomb = chance.flip(0.03);
  const small = chance.flip(0.6)
    ? encodeNpy(tensor("int32", [3], Int32Array.of(1, 2, 3)))
    : npyOf(chance).slice(0, 2000);
  const known = isBomb ? bombOf(chance.pick([16, 100, 300])) : undefined;
  const content = known?.whole ?? small;
  const deflated = isBomb || chance.flip(0.5);
  const packed = deflated ? (known?.deflated ?? deflateRawSync(content)) : content;
  const lies = chance.flip(0.4) ? chance.int(6) : -1;
  return {
    name,
    method: lies === 0 ? chance.pick([0, 1, 8, 9, 12, 99]) : deflated ? 8 : 0,
    flags: lies === 1 ? chance.pick([1, 8, 0x800, 0xffff]) : 0,
    crc: lies === 2 ? chance.int(2 ** 32) : (known?.crc ?? crc32(content)),
    stored: lies === 3 ? someSize(chance) : packed.length,
    whole: lies === 4 ? someSize(chance) : content.length,
    extra: lies === 5 ? zip64Extra(chance) : new Uint8Array(),
    content: packed,
  };
}

/** The extra field that holds sizes and offsets of more than 32 bits. */
function zip64Extra(chance: Chance): Uint8Array {
  const bytes = new Uint8Array(4 + 24);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, chance.flip(0.7) ? 24 : chance.int(65536), true);
  for (const at of [4, 12, 20]) view.setBigUint64(at, BigInt.asUintN(64, BigInt(someSize(chance))), true);
  return bytes;
}

const uint32 = (value: number): number => Number(BigInt.asUintN(32, BigInt(value)));

/** The record of an entry: of the directory (46 bytes and more), or the one before its content (30). */
function recordOf(said: Said, offset: number | undefined): Uint8Array {
  const name = new TextEncoder().encode(said.name);
  const central = offset !== undefined;
  const [fixed, shift] = central ? [46, 2] : [30, 0];
  const bytes = new Uint8Array(fixed + name.length + said.extra.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, central ? 0x02014b50 : 0x04034b50, true);
  view.setUint16(6 + shift, said.flags, true);
  view.setUint16(8 + shift, said.method, true);
  view.setUint32(14 + shift, said.crc, true);
  view.setUint32(18 + shift, uint32(said.extra.length > 0 ? 0xffffffff : said.stored), true);
  view.setUint32(22 + shift, uint32(said.extra.length > 0 ? 0xffffffff : said.whole), true);
  view.setUint16(26 + shift, name.length, true);
  view.setUint16(28 + shift, said.extra.length, true);
  if (central) view.setUint32(42, uint32(offset), true);
  bytes.set(name, fixed);
  bytes.set(said.extra, fixed + name.length);
  return bytes;
}

function endOf(chance: Chance, count: number, size: number, start: number): Uint8Array {
  const lie = (value: number): number => (chance.flip(0.05) ? someSize(chance) : value);
  const hasZip64 = chance.flip(0.1);
  const bytes = new Uint8Array((hasZip64 ? 76 : 0) + 22);
  const view = new DataView(bytes.buffer);
  if (hasZip64) {
    view.setUint32(0, 0x06064b50, true);
    view.setBigUint64(4, 44n, true);
    for (const at of [24, 32]) view.setBigUint64(at, BigInt.asUintN(64, BigInt(lie(count))), true);
    view.setBigUint64(40, BigInt.asUintN(64, BigInt(lie(size))), true);
    view.setBigUint64(48, BigInt.asUintN(64, BigInt(lie(start))), true);
    view.setUint32(56, 0x07064b50, true);
    view.setBigUint64(64, BigInt.asUintN(64, BigInt(lie(start + size))), true);
  }
  const at = bytes.length - 22;
  view.setUint32(at, 0x06054b50, true);
  view.setUint16(at + 8, Number(BigInt.asUintN(16, BigInt(lie(count)))), true);
  view.setUint16(at + 10, Number(BigInt.asUintN(16, BigInt(lie(count)))), true);
  view.setUint32(at + 12, uint32(lie(size)), true);
  view.setUint32(at + 16, uint32(lie(start)), true);
  return bytes;
}

/** An archive of one to four entries. */
export function zipOf(chance: Chance): Uint8Array {
  const said = chance.several(4, () => entryOf(chance));
  const parts: Uint8Array[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const entry of said) {
    offsets.push(chance.flip(0.04) ? someSize(chance) : at);
    const local = recordOf(chance.flip(0.05) ? { ...entry, name: "other.npy" } : entry, undefined);
    parts.push(local, entry.content);
    at += local.length + entry.content.length;
  }
  const directory = said.map((entry, i) => recordOf(entry, offsets[i]));
  const size = directory.reduce((total, { length }) => total + length, 0);
  const bytes = Buffer.concat([...parts, ...directory, endOf(chance, said.length, size, at)]);
  return new Uint8Array(bytes);
}

export const zip: Family = {
  name: "zip",
  make(chance) {
    if (chance.flip(0.3)) {
      const { bytes, note } = damaged(chance.pick(npzOriginals), chance, chance.pick(npzOriginals));
      return single("input.npz", note, bytes);
    }
    const made = zipOf(chance);
    if (made.length > 400_000 || chance.flip(0.6)) return single("input.npz", "an archive of chance", made);
    const { bytes, note } = damaged(made, chance, chance.pick(npzOriginals));
    return single("input.npz", `an archive of chance, ${note}`, bytes);
  },
  async read(input) {
    const arrays = decodeNpz(bytesOfSingle(input), "input.npz");
    const faults = Object.entries(arrays).map(([name, array]) => faultOfTensor(array, name));
    return faults.find((fault) => fault !== undefined);
  },
};
