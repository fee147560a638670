// A user's own text: its characters as tokens, cut into windows whose targets are the characters that come next.

import { InvalidDataError } from "../errors.ts";
import { tensor } from "../numeric/tensor.ts";
import { withHash } from "./assemble.node.ts";
import { readText } from "./read-text.node.ts";
import type { Dataset, LoadOptions, Split } from "./types.ts";

/** Characters of an example where the options say nothing. */
export const DEFAULT_CONTEXT = 64;

/** One window in so many, the last ones, is a test example. */
const TEST_SHARE = 10;

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", " ": "␣" };

/** A name that can be seen: the character, an open box for a blank, an escape for control characters. */
function nameOf(character: string): string {
  const code = character.codePointAt(0) as number;
  return ESCAPES[character] ?? (code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, "0")}` : character);
}

/**
 * Loads a text: T = `context` (64) characters an example, x (n, T) their indices in the sorted vocabulary of the whole text, y (n, T) those
 * of the characters after each. Windows do not overlap: example i begins at character i T; the last ones, a tenth, are the test part.
 *
 * Throws FileError for a file that cannot be read; InvalidDataError where it is not UTF-8, not longer than T, or of one character only.
 */
export function loadTextFile(path: string, { limit, context = DEFAULT_CONTEXT }: LoadOptions): Dataset {
  const characters = Array.from(readText(path));
  if (characters.length <= context) {
    throw new InvalidDataError(
      `${path}: must be longer than an example of ${context} characters, got ${characters.length}`,
    );
  }
  const vocabulary = [...new Set(characters)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  if (vocabulary.length < 2) {
    throw new InvalidDataError(
      `${path}: must hold two different characters, got ${JSON.stringify(vocabulary[0])} only`,
    );
  }
  const indices = new Map(vocabulary.map((character, k) => [character, k]));
  const tokens = Float32Array.from(characters, (character) => indices.get(character) as number);
  const windows = Math.floor((tokens.length - 1) / context);
  const trained = windows - Math.floor(windows / TEST_SHARE);
  const part = (start: number, end: number): Split => {
    const shape = [end - start, context];
    const [from, to] = [start * context, end * context];
    const next = BigInt64Array.from(tokens.subarray(from + 1, to + 1), (token) => BigInt(token));
    return { x: tensor("float32", shape, tokens.slice(from, to)), y: tensor("int64", shape, next) };
  };
  return withHash({
    source: path,
    task: "classification",
    classes: vocabulary.map(nameOf),
    inputShape: [context],
    train: part(0, Math.min(trained, limit ?? trained)),
    test: part(trained, windows),
  });
}
