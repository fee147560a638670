// Watches which files are opened and which folders are listed, and says which lay outside of where they may.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { sep } from "node:path";

const OPENING = ["openSync", "readFileSync", "readdirSync", "opendirSync", "copyFileSync", "createReadStream"] as const;
type Opening = (typeof OPENING)[number];
type Call = (...given: unknown[]) => unknown;

const functions = fs as unknown as Record<Opening, Call>;
const realpath = fs.realpathSync;

/** Begins to watch; the function that it gives ends that, and names a file that was opened outside of `roots`, if there was one. */
export function watchFiles(roots: readonly string[]): () => string | undefined {
  const allowed = roots.map((root) => realpath(root));
  const isWithin = (path: string): boolean => allowed.some((root) => path === root || path.startsWith(root + sep));
  const own = OPENING.map((name) => [name, functions[name]] as const);
  let strayed: string | undefined;
  for (const [name, call] of own) {
    functions[name] = (...given) => {
      const result = call(...given);
      // What could be opened has a path; numbers are files that are open already.
      if (typeof given[0] === "string") {
        const real = realpath(given[0]);
        if (!isWithin(real)) strayed ??= `${given[0]} (${real})`;
      }
      return result;
    };
  }
  syncBuiltinESMExports();
  return () => {
    for (const [name, call] of own) functions[name] = call;
    syncBuiltinESMExports();
    return strayed;
  };
}
