// Runs in archives: packed as the library does, with names and numbers that it would not write.

import { crc32 } from "../../src/numeric/crc32.ts";
import { centralDirectory, localHeader, type ZipEntry } from "../../src/numeric/stored-zip.ts";
import { damaged } from "./bytes.ts";
import { type Chance, someSize } from "./chance.ts";
import type { Entry } from "./input.ts";

const NAMES = [
  "../manifest.json",
  "/etc/passwd",
  "manifest.json",
  "a/../../x",
  "C:\\x",
  "",
  ".",
  "a//b",
  "checkpoints/",
];

/** A number for a field of 32 bits, or of 64 where it is an offset. */
const uint = (bits: number, value: number): number => Number(BigInt.asUintN(bits, BigInt(value)));

/** The parts that are files in one archive; now and then an entry lies about itself, and the whole is damaged. */
export function archiveOf(parts: ReadonlyMap<string, Entry>, chance: Chance): Uint8Array {
  const folder = chance.flip(0.5) ? "a.pkrun/" : "";
  const lies = chance.flip(0.4);
  const entries: ZipEntry[] = [];
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const [part, entry] of parts) {
    if (!(entry instanceof Uint8Array)) continue;
    const own = { name: folder + part, size: entry.length, crc32: crc32(entry), offset: at };
    const pack = (said: Omit<ZipEntry, "offset">): void => {
      const header = localHeader(said);
      pieces.push(header, entry);
      at += header.length + entry.length;
    };
    pack(own);
    const kind = lies && chance.flip(0.1) ? chance.int(4) : -1;
    if (kind === 0) entries.push({ ...own, name: chance.pick(NAMES) });
    else if (kind === 1) entries.push({ ...own, size: uint(32, someSize(chance)) });
    else if (kind === 2) entries.push({ ...own, offset: uint(63, someSize(chance)) });
    else entries.push(own);
    if (kind === 3) entries.push(own);
  }
  const bytes = new Uint8Array(Buffer.concat([...pieces, ...centralDirectory(entries, at)]));
  return chance.flip(0.3) ? damaged(bytes, chance, bytes).bytes : bytes;
}
