// libsvm (Chang and Lin 2011) compiled to WebAssembly, as a start for exact steps: loaded when it is first needed, without a word.

import type { DualProblem } from "./smo.ts";

/** The part of libsvm-js 0.2.1 that is used here; the package has no types of its own. */
interface Svm {
  train(samples: readonly ArrayLike<number>[], labels: ArrayLike<number>): void;
  serializeModel(): string;
  free(): void;
}
type SvmClass = new (options: Readonly<Record<string, number | string | boolean>>) => Svm;

/** libsvm as Emscripten made it, and what wraps it into a class: the package's entry is a promise of both, which loaders mistake for a module. */
const COMPILED = "libsvm-js/out/wasm/libsvm.js";
const WRAPPER = "libsvm-js/src/loadSVM.js";
interface Compiled {
  readonly load: () => Promise<void>;
}

/** What a process in Node has and a browser has not. */
interface Listening {
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
 * In Node the package first asks fetch() for its file by a path that is no address, and warns of that; and it ends the process at any promise
 * that anybody leaves unhandled. Both are taken back.
 *
 * Names of modules are variables, which bundlers leave alone: the package needs `fs`, and a page that does without it must not fail to be built.
 */
async function load(): Promise<SvmClass> {
  const { process } = globalThis as unknown as { readonly process?: Partial<Listening> };
  const listeners = (): readonly (() => void)[] => process?.listeners?.("unhandledRejection") ?? [];
  const before = listeners();
  const { warn } = console;
  // It keeps what console.warn is while it loads: other words must go through.
  const quiet = (...words: unknown[]): void => {
    const own = /^(wasm streaming compile failed|falling back to ArrayBuffer)/.test(String(words[0]));
    if (!own) warn.apply(console, words);
  };
  console.warn = quiet;
  try {
    const compiled: { readonly default: Compiled } = await import(/* @vite-ignore */ COMPILED);
    const wrapper: { readonly default: (compiled: Compiled) => SvmClass } = await import(/* @vite-ignore */ WRAPPER);
    await compiled.default.load();
    return wrapper.default(compiled.default);
  } finally {
    if (console.warn === quiet) console.warn = warn;
    for (const own of listeners()) if (!before.includes(own)) process?.removeListener?.("unhandledRejection", own);
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
