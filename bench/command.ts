// How the commands of bench/ read their arguments and end.

import { type ParseArgsConfig, parseArgs } from "node:util";

/** Runs a command; an error ends it with one line on stderr and exit code 1. */
export async function command<T extends ParseArgsConfig["options"]>(
  options: T,
  work: (parsed: ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>) => Promise<void>,
): Promise<void> {
  try {
    await work(parseArgs({ allowPositionals: true, options }));
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

/** A whole number of at least 1 that was given to a flag. */
export function countOf(text: string, flag: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`${flag} must be a whole number of at least 1, got "${text}"`);
  return count;
}
