// Finds linear algebra: the system's LAPACK where it and koffi are there, else JavaScript.

import type { LibraryHandle } from "koffi";
import { UnsupportedError } from "../../errors.ts";
import { denseAlgebra } from "./dense.ts";
import { lapackRoutines, libraryNames } from "./lapack.ts";
import { type AlgebraName, algebraNames, type LinearAlgebra } from "./types.ts";

export interface LinearAlgebraOptions {
  /** Default `auto`: `lapack` where it can be loaded, else `javascript`. */
  readonly member?: AlgebraName | "auto";
  /** Name or path of a library that holds LAPACK with 32-bit integers (default: those of Linux). */
  readonly library?: string;
  /** Threads of OpenBLAS, for the whole process; default: as it decides (OPENBLAS_NUM_THREADS, or all cores). */
  readonly threads?: number;
}

/**
 * Dense linear algebra, the fastest that is there: OpenBLAS of the system through `koffi` (on Debian `apt-get install
 * libopenblas0-pthread`), else JavaScript. Both give the same to rounding; `name` and `library` say which it is.
 *
 * Errors: RangeError for options that do not fit; UnsupportedError where `lapack` is asked for and cannot be loaded, with the reason.
 */
export async function openLinearAlgebra(options: LinearAlgebraOptions = {}): Promise<LinearAlgebra> {
  const { member = "auto", threads } = options;
  if (member !== "auto" && !algebraNames.includes(member))
    throw new RangeError(`openLinearAlgebra: member must be one of auto, ${algebraNames.join(", ")}, got ${member}`);
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1))
    throw new RangeError(`openLinearAlgebra: threads must be a whole number >= 1, got ${threads}`);
  if (member !== "javascript") {
    try {
      return await openLapack(options);
    } catch (cause) {
      if (member === "lapack")
        throw new UnsupportedError(`openLinearAlgebra: lapack must be there, got ${(cause as Error).message}`, {
          hint: "install OpenBLAS (on Debian: apt-get install libopenblas0-pthread) and npm install koffi",
          cause,
        });
    }
  }
  const { javascriptRoutines } = await import("./javascript.ts");
  return denseAlgebra(javascriptRoutines);
}

async function openLapack({ library, threads }: LinearAlgebraOptions): Promise<LinearAlgebra> {
  const { load } = await import("koffi");
  const failures: string[] = [];
  for (const name of library === undefined ? libraryNames : [library]) {
    try {
      const handle = load(name);
      const algebra = denseAlgebra(lapackRoutines(handle, name));
      if (threads !== undefined) setThreads(handle, threads);
      return algebra;
    } catch (cause) {
      failures.push(`${name}: ${(cause as Error).message}`);
    }
  }
  throw new Error(failures.join("; "));
}

function setThreads(handle: LibraryHandle, threads: number): void {
  try {
    handle.func("openblas_set_num_threads", "void", ["int"])(threads);
  } catch {
    // A LAPACK of another make; the reference one has a single thread.
  }
}
