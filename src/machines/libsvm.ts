// libsvm (Chang and Lin 2011) compiled to WebAssembly, as a start for exact steps: loaded when it is first needed, without a word.

import type { DualProblem } from "./smo.ts";

/** The part of libsvm-js 0.2.1 that is used here; the package has no types of its own. */
interface Svm {
  train(samples: readonly ArrayLike<number>[], labels: ArrayLike<number>): void;
  serializeModel(): string;
  free(): void;
}
type SvmClass = new (options: Readonly<Record<string, number | string | boolean>>) => Svm;

/** The part of Node's `process` that is asked; absent in browsers. Its modules are had without an import, which browsers could not follow. */
interface NodeProcess {
  /** From Node 20.16 on. */
  getBuiltinModule?(name: "node:module"): { createRequire(from: string): (name: string) => unknown };
  listeners(event: "unhandledRejection"): readonly (() => void)[];
  removeListener(event: "unhandledRejection", listener: () => void): void;
}

let loaded: Promise<SvmClass | undefined> | undefined;

/** libsvm, or undefined where it cannot be loaded, as in browsers. */
export function loadLibsvm(): Promise<SvmClass | undefined> {
  loaded ??= load().catch(() => undefined);
  return loaded;
}

/**
 * While it is evaluated, the package asks fetch() for its file by a path that is no address, and warns of that in Node; and it makes the process end
 * at any promise that anybody leaves unhandled. There is no fetch() for it here, and the listener is taken back.
 *
 * By require(), and not import(): the package is a promise, which loaders that make modules of packages mistake for one of their own.
 */
async function load(): Promise<SvmClass | undefined> {
  const { process } = globalThis as { readonly process?: unknown };
  const node = process as NodeProcess | undefined;
  const require = node?.getBuiltinModule?.("node:module").createRequire(import.meta.url);
  if (!node || !require) return undefined;
  const before = node.listeners("unhandledRejection");
  const fetching = Object.getOwnPropertyDescriptor(globalThis, "fetch");
  try {
    Object.defineProperty(globalThis, "fetch", { value: undefined, configurable: true });
    // Evaluated before it returns: nothing else runs while fetch() is not there.
    return require("libsvm-js") as Promise<SvmClass>;
  } finally {
    for (const own of node.listeners("unhandledRejection"))
      if (!before.includes(own)) node.removeListener("unhandledRejection", own);
    if (fetching) Object.defineProperty(globalThis, "fetch", fetching);
    else Reflect.deleteProperty(globalThis, "fetch");
  }
}

/** Type numbers of libsvm's command line. */
const C_SVC = "0";
const EPSILON_SVR = "3";
const PRECOMPUTED = "4";
/** Of libsvm's cache; its default. */
const CACHE_MB = 100;
/** It holds two words of eight bytes for each entry of the kernel, in a memory that ends at 2 GiB. */
export const LIBSVM_POINTS = 5000;

export interface LibsvmOptions {
  readonly tolerance: number;
  /** Of a regression: its epsilon and its targets (N). */
  readonly regression?: { readonly epsilon: number; readonly targets: Float64Array };
}

/**
 * libsvm's alpha (M) for a problem. Coefficients are printed to 16 digits; the bias, which is printed to six, is not read.
 *
 * K is float32 in its inner loop, so that this is the solution of a problem beside the one that was asked for.
 */
export function libsvmStart(
  Svm: SvmClass,
  problem: DualProblem,
  { tolerance, regression }: LibsvmOptions,
): Float64Array {
  const { kernel, signs, cost } = problem;
  const n = kernel.shape[0];
  const samples = Array.from({ length: n }, (_, i) => {
    const sample = new Float64Array(n + 1);
    sample[0] = i + 1;
    sample.set(kernel.data.subarray(i * n, (i + 1) * n), 1);
    return sample;
  });
  const svm = new Svm({
    type: regression ? EPSILON_SVR : C_SVC,
    kernel: PRECOMPUTED,
    cost,
    tolerance,
    cacheSize: CACHE_MB,
    quiet: true,
    ...(regression && { epsilon: regression.epsilon }),
  });
  try {
    svm.train(samples, regression?.targets ?? signs);
    return alphaOf(svm.serializeModel(), problem, regression !== undefined);
  } finally {
    svm.free();
  }
}

/** Lines behind `SV` are a coefficient and the number of its point, "0.25 0:17". */
function alphaOf(model: string, { kernel, cost, points }: DualProblem, regression: boolean): Float64Array {
  const n = kernel.shape[0];
  const alpha = new Float64Array(points.length);
  for (const [, text, number] of model.slice(model.indexOf("\nSV")).matchAll(/^(\S+) 0:(\d+)/gm)) {
    const [value, i] = [Number(text), Number(number) - 1];
    alpha[regression && value < 0 ? n + i : i] = Math.min(cost, Math.abs(value));
  }
  return alpha;
}
