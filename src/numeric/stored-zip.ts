// Zip archives (PKWARE APPNOTE 6.3): their headers, read, and written for entries that are stored, with Zip64.

import { InvalidDataError } from "../errors.ts";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** The method of compressed entries. */
export const DEFLATED = 8;
/** Larger numbers stand in Zip64's fields. */
const LIMIT16 = 0xffff;
const LIMIT32 = 0xffffffff;
/** 1 January 1980, the format's first day: the same content gives the same bytes. */
const NO_DATE = 0x21;

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly crc32: number;
  /** First byte of its local header. */
  readonly offset: number;
}

/** One file of an archive that may be compressed. */
export interface PackedEntry extends ZipEntry {
  /** How its bytes are packed: 0 stored, 8 deflated; nothing else is read. */
  readonly method: number;
  /** Bytes that it takes in the archive. */
  readonly packed: number;
}

/** Reads `length` bytes of an archive from `offset` on; fewer where it ends before. */
export type ReadRange = (offset: number, length: number) => Uint8Array;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const uint64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** The bytes before an entry's content. */
export function localHeader({ name, size, crc32 }: Omit<ZipEntry, "offset">): Uint8Array {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(30 + text.length);
  const view = viewOf(bytes);
  view.setUint32(0, LOCAL, true);
  view.setUint16(4, 20, true);
  view.setUint16(6, 0x800, true); // names are UTF-8
  view.setUint16(12, NO_DATE, true);
  view.setUint32(14, crc32, true);
  view.setUint32(18, size, true);
  view.setUint32(22, size, true);
  view.setUint16(26, text.length, true);
  bytes.set(text, 30);
  return bytes;
}

function centralHeader({ name, size, crc32, offset }: ZipEntry): Uint8Array {
  const text = new TextEncoder().encode(name);
  const far = offset >= LIMIT32;
  const bytes = new Uint8Array(46 + text.length + (far ? 12 : 0));
  const view = viewOf(bytes);
  view.setUint32(0, CENTRAL, true);
  view.setUint16(4, (3 << 8) | (far ? 45 : 20), true); // made on Unix, which gives the mode below its meaning
  view.setUint16(6, far ? 45 : 20, true);
  view.setUint16(8, 0x800, true);
  view.setUint16(14, NO_DATE, true);
  view.setUint32(16, crc32, true);
  view.setUint32(20, size, true);
  view.setUint32(24, size, true);
  view.setUint16(28, text.length, true);
  view.setUint16(30, far ? 12 : 0, true);
  view.setUint32(38, 0o100644 * 2 ** 16, true);
  view.setUint32(42, far ? LIMIT32 : offset, true);
  bytes.set(text, 46);
  if (far) {
    view.setUint16(46 + text.length, 1, true);
    view.setUint16(48 + text.length, 8, true);
    view.setBigUint64(50 + text.length, BigInt(offset), true);
  }
  return bytes;
}

/** What closes an archive: its directory, which begins at byte `start`. */
export function centralDirectory(entries: readonly ZipEntry[], start: number): Uint8Array[] {
  const headers = entries.map(centralHeader);
  const size = headers.reduce((total, { length }) => total + length, 0);
  const large = entries.length >= LIMIT16 || start + size >= LIMIT32;
  const end = new Uint8Array(22);
  const view = viewOf(end);
  view.setUint32(0, END, true);
  for (const at of [8, 10]) view.setUint16(at, large ? LIMIT16 : entries.length, true);
  view.setUint32(12, large ? LIMIT32 : size, true);
  view.setUint32(16, large ? LIMIT32 : start, true);
  if (!large) return [...headers, end];
  const end64 = new Uint8Array(76);
  const view64 = viewOf(end64);
  view64.setUint32(0, END64, true);
  view64.setBigUint64(4, 44n, true);
  for (const at of [12, 14]) view64.setUint16(at, 45, true);
  for (const at of [24, 32]) view64.setBigUint64(at, BigInt(entries.length), true);
  view64.setBigUint64(40, BigInt(size), true);
  view64.setBigUint64(48, BigInt(start), true);
  view64.setUint32(56, LOCATOR64, true);
  view64.setBigUint64(64, BigInt(start + size), true);
  view64.setUint32(72, 1, true);
  return [...headers, end64, end];
}

type Fail = (must: string, got: string) => InvalidDataError;

interface Directory {
  readonly count: number;
  readonly size: number;
  readonly start: number;
}

/** Where the directory lies, by the record that ends the archive. */
function locateDirectory(read: ReadRange, length: number, fail: Fail): Directory {
  const from = Math.max(0, length - 22 - LIMIT16);
  const tail = viewOf(read(from, length - from));
  let at = tail.byteLength - 22;
  // The comment, of which nothing is known, must end with the archive.
  while (at >= 0 && !(tail.getUint32(at, true) === END && at + 22 + tail.getUint16(at + 20, true) === tail.byteLength))
    at--;
  if (at < 0) throw fail("be a whole zip archive", `${length} bytes that do not end as one`);
  const directory = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  };
  const { count, size, start } = directory;
  if (count < LIMIT16 && size < LIMIT32 && start < LIMIT32) return directory;
  if (at < 20 || tail.getUint32(at - 20, true) !== LOCATOR64) return directory;
  const end64 = viewOf(read(uint64(tail, at - 12), 56));
  if (end64.byteLength < 56 || end64.getUint32(0, true) !== END64)
    throw fail("have a Zip64 record", "none where it should be");
  return { count: uint64(end64, 32), size: uint64(end64, 40), start: uint64(end64, 48) };
}

/** Size, stored size and offset of an entry: those too large for their fields stand in Zip64's extra field (id 1), in this order. */
function placeOf(header: DataView, extra: DataView): [whole: number, stored: number, offset: number] {
  const near: [number, number, number] = [
    header.getUint32(24, true),
    header.getUint32(20, true),
    header.getUint32(42, true),
  ];
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    const end = Math.min(extra.byteLength, at + 4 + extra.getUint16(at + 2, true));
    if (extra.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    near.forEach((value, k) => {
      if (value !== LIMIT32 || next + 8 > end) return;
      near[k] = uint64(extra, next);
      next += 8;
    });
  }
  return near;
}

/** Why a name may not stand in an archive, or undefined. */
function faultOfName(name: string): string | undefined {
  const parts = name.replace(/\/$/, "").split("/");
  const bad = /[\\:\0]/.test(name) || parts.some((part) => part === "" || part === "." || part === "..");
  return bad ? `must name files within it, got ${JSON.stringify(name.slice(0, 80))}` : undefined;
}

/** What entries must be. */
export interface ZipRules {
  /** As they are, not compressed. */
  readonly stored: boolean;
  /** Named like files below the archive. */
  readonly within: boolean;
}

/**
 * The files of an archive of `length` bytes; folders are passed over. `name` is what messages call it. Throws InvalidDataError for an
 * archive that is cut off, and for entries that are encrypted, links, twice there, or against the rules: compressed, or named like
 * something outside. Allocates nothing for what the archive only claims.
 */
export function readZipDirectory(
  read: ReadRange,
  length: number,
  name: string,
  rules: ZipRules = { stored: true, within: true },
): PackedEntry[] {
  const fail: Fail = (must, got) => new InvalidDataError(`${name}: must ${must}, got ${got}`);
  const { count, size, start } = locateDirectory(read, length, fail);
  if (start + size > length || 46 * count > size)
    throw fail("hold its directory", `${count} entries in ${size} bytes from ${start} on, in ${length} bytes`);
  const bytes = read(start, size);
  const view = viewOf(bytes);
  const entries = new Map<string, PackedEntry>();
  let at = 0;
  for (let k = 0; k < count; k++) {
    if (at + 46 > size || view.getUint32(at, true) !== CENTRAL)
      throw fail(`have ${count} entries`, `something else after ${k}`);
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const end = at + 46 + nameLength + extraLength + commentLength;
    if (end > size) throw fail(`have ${count} entries`, `${k} and a part`);
    const file = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const fault = rules.within ? faultOfName(file) : undefined;
    if (fault !== undefined) throw new InvalidDataError(`${name}: ${fault}`);
    const mode = view.getUint32(at + 38, true) >>> 16;
    if ((mode & 0o170000) === 0o120000) throw fail("hold files", `the link ${file}`);
    if (flags & 1) throw fail("not be encrypted", `the encrypted entry ${file}`);
    const extra = new DataView(bytes.buffer, bytes.byteOffset + at + 46 + nameLength, extraLength);
    const header = new DataView(bytes.buffer, bytes.byteOffset + at, 46);
    const [whole, packed, offset] = placeOf(header, extra);
    if (rules.stored ? method !== 0 : method !== 0 && method !== DEFLATED)
      throw fail(
        rules.stored ? "be stored, not compressed (zip -0)" : "be stored or deflated",
        `method ${method} for ${file}`,
      );
    if (method === 0 && packed !== whole) throw fail(`store ${file} as it is`, `${packed} bytes for ${whole}`);
    if (offset + packed > length) throw fail(`hold the ${packed} bytes of ${file}`, `${length} bytes in all`);
    if (entries.has(file)) throw fail("name each file once", `${file} twice`);
    if (!file.endsWith("/"))
      entries.set(file, { name: file, size: whole, crc32: view.getUint32(at + 16, true), offset, method, packed });
    at = end;
  }
  return [...entries.values()];
}

/** First byte of an entry's content. Throws InvalidDataError where its local header is not that of the directory. */
export function contentOffset(read: ReadRange, entry: ZipEntry, name: string): number {
  const header = viewOf(read(entry.offset, 30));
  const whole = header.byteLength === 30 && header.getUint32(0, true) === LOCAL;
  const nameLength = whole ? header.getUint16(26, true) : 0;
  const text = whole ? new TextDecoder().decode(read(entry.offset + 30, nameLength)) : "";
  if (text === entry.name) return entry.offset + 30 + nameLength + header.getUint16(28, true);
  throw new InvalidDataError(`${name}: ${entry.name} must lie where the directory says, got something else there`);
}
