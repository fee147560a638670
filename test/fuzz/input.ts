// What a family of fuzzed inputs is: how one is made of chance, and what reading it must give.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Chance } from "./chance.ts";

/** A file, or what lies in place of one. */
export type Entry = Uint8Array | { readonly link: string } | { readonly pipe: true } | { readonly folder: true };

export interface Input {
  /** What was done, in a few words. */
  readonly note: string;
  /** By their paths below the input's folder. */
  readonly files: ReadonlyMap<string, Entry>;
}

export interface Family {
  readonly name: string;
  /** Input `index`; all that chance decides is drawn from `chance`. */
  make(chance: Chance, index: number): Input | Promise<Input>;
  /** Reads an input; gives what is wrong with what was read, or undefined. May use the empty folder; its errors are judged by the caller. */
  read(input: Input, folder: string): Promise<string | undefined>;
}

/** An input of one file. */
export const single = (name: string, note: string, bytes: Uint8Array): Input => ({
  note,
  files: new Map([[name, bytes]]),
});

/** The bytes of an input of one file. */
export const bytesOfSingle = ({ files }: Input): Uint8Array => files.values().next().value as Uint8Array;

/** Whether something stands in a path that is no folder: what is written below a link would land elsewhere. */
function isBelow(files: Input["files"], name: string): boolean {
  const above = dirname(name);
  return above !== "." && (files.has(above) || isBelow(files, above));
}

/** Puts an input into a folder in place of what was there. */
export function writeInput({ files }: Input, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, entry] of files) {
    if (isBelow(files, name)) continue;
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (entry instanceof Uint8Array) writeFileSync(path, entry);
    else if ("link" in entry) symlinkSync(entry.link, path);
    else if ("folder" in entry) mkdirSync(path, { recursive: true });
    else spawnSync("mkfifo", [path]);
  }
}
