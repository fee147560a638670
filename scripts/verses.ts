// Chooses the verses of src/data/verses/verses.txt from a text of plays: `npm run verses -- FILE` (the result is committed).

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Characters of an opening, openings, lines of each; lines shorter than `LEAST` say too little after the opening. */
const [OPENING, OPENINGS, LINES, LEAST] = [8, 24, 16, 28];
const TARGET = fileURLToPath(new URL("../src/data/verses/verses.txt", import.meta.url));

const [path] = process.argv.slice(2);
if (path === undefined)
  throw new RangeError("verses: a text must be named, as in `npm run verses -- tinyshakespeare.txt`");
const byOpening = new Map<string, string[]>();
for (const line of new Set(readFileSync(path, "utf8").split("\n"))) {
  if (line.length < LEAST || line.endsWith(":") || !/^[\x20-\x7e]+$/.test(line)) continue;
  const opening = line.slice(0, OPENING);
  byOpening.set(opening, [...(byOpening.get(opening) ?? []), line]);
}
// A map keeps the order of the text, and sorting is stable: the same text gives the same file.
const chosen = [...byOpening.values()].sort((a, b) => b.length - a.length).slice(0, OPENINGS);
writeFileSync(TARGET, `${chosen.flatMap((own) => own.slice(0, LINES)).join("\n")}\n`);
