// Zip archives larger than 4 GiB, which no test writes: their headers alone, as if the rest were there.

import { expect, it } from "vitest";
import { centralDirectory, readZipDirectory, type ZipEntry } from "../../src/numeric/stored-zip.ts";

it("readZipDirectory finds what centralDirectory wrote beyond 4 GiB, and more entries than 16 bits count", () => {
  const far: ZipEntry[] = [
    { name: "near", size: 5, crc32: 7, offset: 0 },
    { name: "folder/far", size: 2 ** 31, crc32: 0xffffffff, offset: 5e9 },
    ...Array.from({ length: 70_000 }, (_, k) => ({ name: `many/${k}`, size: k, crc32: k, offset: 8e9 + k })),
  ];
  for (const entries of [far, far.slice(0, 2), far.slice(0, 1)]) {
    const start = entries.length > 1 ? 9e9 : 100;
    const tail = Buffer.concat(centralDirectory(entries, start));
    const read = (offset: number, length: number) =>
      tail.subarray(Math.max(0, offset - start), offset - start + length);
    expect(readZipDirectory(read, start + tail.length, "large.zip")).toEqual(
      entries.map((entry) => ({ ...entry, method: 0, packed: entry.size })),
    );
  }
});
