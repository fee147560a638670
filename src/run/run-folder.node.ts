// A run as a folder: its parts are regular files below it, and no link leads out.

import { readdirSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { FileError, InvalidRunError } from "../errors.ts";
import { fileErrorFrom, readFileBytes } from "../numeric/files.node.ts";
import { nameOfPart, type RunFiles } from "./run-files.ts";

const GONE = new Set(["ENOENT", "ENOTDIR"]);

/** The true path of a part of the run in a folder; undefined where there is none. InvalidRunError where it lies outside of the run, or is no file. */
export function fileOfPart(path: string, part: string): string | undefined {
  const folder = new RunFolder(path);
  const real = folder.locate(part);
  if (real === undefined || statSync(real).isFile()) return real;
  throw new InvalidRunError(`${nameOfPart(folder, part)}: must be a file, got another thing`);
}

class RunFolder implements RunFiles {
  readonly path: string;
  private readonly real: string;

  constructor(path: string) {
    this.path = path;
    this.real = realpathSync(path);
  }

  read(part: string): Uint8Array | undefined {
    const real = this.locate(part);
    if (real === undefined) return undefined;
    try {
      if (!statSync(real).isFile())
        throw new InvalidRunError(`${nameOfPart(this, part)}: must be a file, got another thing`);
      return readFileBytes(real);
    } catch (cause) {
      if (this.locate(part) === undefined) return undefined;
      if (!(cause instanceof FileError)) throw cause;
      throw new InvalidRunError(`${this.path}: ${cause.message.replace(real, nameOfPart(this, part))}`, { cause });
    }
  }

  list(folder: string): string[] {
    const real = this.locate(folder);
    try {
      return real === undefined || !statSync(real).isDirectory() ? [] : readdirSync(real);
    } catch (cause) {
      throw fileErrorFrom("list", join(this.path, folder), cause);
    }
  }

  size(part: string): number | undefined {
    const real = this.locate(part);
    return real === undefined ? undefined : statSync(real, { throwIfNoEntry: false })?.size;
  }

  /** The true path of a part; undefined where there is none. InvalidRunError where a link leads out of the run. */
  locate(part: string): string | undefined {
    let real: string;
    try {
      real = realpathSync(join(this.path, part));
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && GONE.has(String(cause.code))) return undefined;
      throw fileErrorFrom("read", join(this.path, part), cause);
    }
    if (real === this.real || real.startsWith(this.real + sep)) return real;
    throw new InvalidRunError(`${nameOfPart(this, part)}: must lie in the run, got a link that leads out of it`);
  }
}

/** The parts of the run in a folder. */
export function openRunFolder(path: string): RunFiles {
  return new RunFolder(path);
}
