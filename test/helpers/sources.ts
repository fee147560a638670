// Reads the project's own sources for the tests that check the rules of the tree: files, imports, reach.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript-api";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Source files of a tree: path from the root, with forward slashes, and text. */
export type Sources = ReadonlyMap<string, string>;

/** All files below those `folders` that exist, of the repository, whose names end as given. */
export function readSources(folders: readonly string[], endings: RegExp): Sources {
  const sources = new Map<string, string>();
  for (const folder of folders.filter((name) => existsSync(join(ROOT, name)))) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !endings.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      sources.set(relative(ROOT, path).split(sep).join("/"), readFileSync(path, "utf8"));
    }
  }
  return sources;
}

/** Every module that a file imports or re-exports, types and dynamic imports included; by TypeScript 6, since 7 has no parser to call yet. */
export function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** The files of `sources` that `path` imports by a relative path, as paths from the root. */
export function importedFiles(sources: Sources, path: string): string[] {
  return importsOf(sources.get(path) ?? "")
    .filter((name) => name.startsWith("."))
    .map((name) => posix.join(posix.dirname(path), name));
}

/** One chain of imports that comes back to its start, or undefined. */
export function findCycle(sources: Sources): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, chain: readonly string[]): string[] | undefined => {
    if (chain.includes(path)) return [...chain.slice(chain.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of importedFiles(sources, path)) {
      const cycle = visit(next, [...chain, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of sources.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return undefined;
}
