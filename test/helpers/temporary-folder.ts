// A folder that lives as long as a test: made before each, removed after it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";

export interface TemporaryFolder {
  /** The path of `name` in the folder, or of the folder. */
  at(name?: string): string;
  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): string;
}

/** To be called where tests are defined; the paths are valid while a test runs. */
export function useTemporaryFolder(): TemporaryFolder {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pathkernel-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name = "") => join(folder, name);
  return {
    at,
    write(name, content) {
      writeFileSync(at(name), content);
      return at(name);
    },
  };
}
