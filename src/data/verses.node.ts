// Lines of Shakespeare's plays that begin alike, bundled: characters as tokens, each with the one that comes next; see verses/LICENSE.txt.

import { fileURLToPath } from "node:url";
import { IGNORED } from "../graph/outputs.ts";
import { integers, tensor } from "../numeric/tensor.ts";
import { withHash } from "./assemble.node.ts";
import { firstRows } from "./prepare.ts";
import { readText } from "./read-text.node.ts";
import type { Dataset, LoadOptions, Split } from "./types.ts";

/** T, characters of an example: longer lines are cut, shorter ones end in line ends. */
const LENGTH = 32;

/** Lines with the same first eight characters stand together, so many of them; the last ones of each are test examples. */
const ALIKE = 16;
const TESTED = 2;

/** Class 0 is the end of a line, so that it can be told from a blank. */
const END = "\n";

/**
 * The bundled verses: 336 lines for training, 48 for testing, 24 beginnings of eight characters with 14 and 2 lines of each. x (n, 32) are indices
 * of characters in the sorted vocabulary, 0 the end of the line and all behind it; y (n, 32) those of the characters after each, -100 behind the end.
 */
export function loadVerses({ limit }: LoadOptions): Dataset {
  const lines = readText(fileURLToPath(new URL("./verses/verses.txt", import.meta.url)))
    .trimEnd()
    .split(END);
  const vocabulary = [END, ...[...new Set(lines.join(""))].sort()];
  const part = (isOf: (place: number) => boolean, kept?: number): Split => {
    const own = lines.filter((_, i) => isOf(i % ALIKE));
    const at = (line: string, place: number): number => vocabulary.indexOf(line[place] ?? END);
    const over = <V>(value: (line: string, place: number) => V): V[] =>
      own.flatMap((line) => Array.from({ length: LENGTH }, (_, place) => value(line, place)));
    const x = tensor("float32", [own.length, LENGTH], Float32Array.from(over(at)));
    const y = over((line, place) => (place < line.length ? at(line, place + 1) : IGNORED));
    return { x: firstRows(x, kept), y: firstRows(integers([own.length, LENGTH], y), kept) };
  };
  return withHash({
    source: "verses",
    task: "classification",
    classes: ["\\n", ...vocabulary.slice(1).map((character) => (character === " " ? "␣" : character))],
    inputShape: [LENGTH],
    train: part((place) => place < ALIKE - TESTED, limit),
    test: part((place) => place >= ALIKE - TESTED),
  });
}
