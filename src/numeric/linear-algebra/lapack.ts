// Linear algebra by the LAPACK of the system, OpenBLAS where it is installed, called in place through koffi.

import type { LibraryHandle } from "koffi";
import { NumericalError } from "../../errors.ts";
import { transposed } from "./triangles.ts";
import type { Routines } from "./types.ts";

/** A name of Debian, Ubuntu, Fedora and Arch, and the one by which Debian's alternatives give a LAPACK of any make. */
export const libraryNames: readonly string[] = ["libopenblas.so.0", "liblapack.so.3"];

/** An argument of a routine: everything is a pointer; those of letters are followed by hidden lengths at the end, as gfortran has it. */
type Argument = string | Int32Array | Float64Array;
type Routine = (...args: readonly Argument[]) => void;

/** A Fortran routine by the kinds of its arguments: "c" a letter, "p" a pointer. */
function routine(library: LibraryHandle, name: string, kinds: string): Routine {
  const letters = [...kinds].filter((kind) => kind === "c").length;
  const types = [...kinds].map((kind) => (kind === "c" ? "const char *" : "void *"));
  const call = library.func(`${name}_`, "void", [...types, ...Array<string>(letters).fill("size_t")]);
  const lengths = Array<number>(letters).fill(1);
  return (...args) => call(...args, ...lengths);
}

const int = (value: number): Int32Array => Int32Array.of(value);

/** What a routine's INFO of more than zero says. */
function failed(where: string, info: number): never {
  throw new NumericalError(`${where}: LAPACK must find an answer, got info ${info}`);
}

/**
 * The routines of a loaded library. Fortran stores columns where we store rows: a symmetric matrix is the same in both, its lower triangle
 * their upper one; of other matrices they see the transpose.
 */
export function lapackRoutines(library: LibraryHandle, name: string): Routines {
  const dsyevd = routine(library, "dsyevd", "ccppppppppp");
  const dsyevr = routine(library, "dsyevr", "cccpppppppppppppppppp");
  const dpotrf = routine(library, "dpotrf", "cpppp");
  const dtrsm = routine(library, "dtrsm", "ccccppppppp");
  const dgesdd = routine(library, "dgesdd", "cppppppppppppp");
  const dgetrf = routine(library, "dgetrf", "pppppp");
  const dgetrs = routine(library, "dgetrs", "cpppppppp");
  return {
    name: "lapack",
    library: name,
    eigenvalues(a, n) {
      const [values, info] = [new Float64Array(n), int(0)];
      const run = (work: Float64Array, lwork: number, iwork: Int32Array, liwork: number): void =>
        dsyevd("N", "U", int(n), a, int(n), values, work, int(lwork), iwork, int(liwork), info);
      const [work, iwork] = [new Float64Array(1), new Int32Array(1)];
      run(work, -1, iwork, -1);
      run(new Float64Array(work[0]), work[0], new Int32Array(iwork[0]), iwork[0]);
      return info[0] > 0 ? failed("eigenvalues", info[0]) : values;
    },
    // dsyevd would need two more matrices for vectors, dsyevr needs none beside the result.
    eigenpairs(a, n, k) {
      const [values, vectors, info, found] = [new Float64Array(n), new Float64Array(k * n), int(0), int(0)];
      const [support, none] = [new Int32Array(2 * k), new Float64Array(1)];
      const run = (work: Float64Array, lwork: number, iwork: Int32Array, liwork: number): void => {
        const range = [none, none, int(n - k + 1), int(n), none] as const;
        const results = [found, values, vectors, int(n), support] as const;
        const workspace = [work, int(lwork), iwork, int(liwork)] as const;
        dsyevr("V", k === n ? "A" : "I", "U", int(n), a, int(n), ...range, ...results, ...workspace, info);
      };
      const [work, iwork] = [new Float64Array(1), new Int32Array(1)];
      run(work, -1, iwork, -1);
      run(new Float64Array(work[0]), work[0], new Int32Array(iwork[0]), iwork[0]);
      if (info[0] > 0 || found[0] !== k) failed("eigenpairs", info[0]);
      return { values: values.slice(0, k), vectors };
    },
    factor(a, n) {
      const info = int(0);
      dpotrf("U", int(n), a, int(n), info);
      return info[0];
    },
    substitute(lower, n, b, k) {
      // b^T (L L^T)^-1 from the right, in place.
      for (const transpose of ["N", "T"])
        dtrsm("R", "U", transpose, "N", int(k), int(n), Float64Array.of(1), lower, int(n), b, int(k));
    },
    svd(a, m, n) {
      const r = Math.min(m, n);
      const [u, values, vt] = [new Float64Array(m * r), new Float64Array(r), new Float64Array(r * n)];
      const [info, iwork] = [int(0), new Int32Array(8 * r)];
      // Of A^T = V diag(values) U^T: what it calls its left vectors are our right ones.
      const run = (work: Float64Array, lwork: number): void =>
        dgesdd("S", int(n), int(m), a, int(n), values, vt, int(n), u, int(r), work, int(lwork), iwork, info);
      const work = new Float64Array(1);
      run(work, -1);
      run(new Float64Array(work[0]), work[0]);
      return info[0] > 0 ? failed("svd", info[0]) : { u, values, vt };
    },
    eliminate(a, n, b, k) {
      const [pivots, info] = [new Int32Array(n), int(0)];
      dgetrf(int(n), int(n), a, int(n), pivots, info);
      const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i]);
      if (info[0] > 0) return diagonal;
      const columns = transposed(b, n, k);
      dgetrs("T", int(n), int(k), a, int(n), pivots, columns, int(n), info);
      b.set(transposed(columns, k, n));
      return diagonal;
    },
  };
}
