// Kernel cases: full blocks beside the peers, and large traces beside the machine's peak and within a budget of memory.

import { tangentKernel } from "../src/kernels/tangent-kernel.ts";
import type { RealArray } from "../src/numeric/tensor.ts";
import type { BenchCase, Prepared } from "./case.ts";
import { traceGramFlops } from "./flops.ts";
import { checkGram, type GramModel, type GramProblem, gramApart, gramOf, gramTask, layersOf } from "./gram.ts";
import { checkKernel } from "./kernel-reference.ts";
import type { Hooks } from "./tasks.ts";

const MLP: GramModel = { kind: "mlp", hidden: [512, 512], outputs: 10 };
const CNN: GramModel = { kind: "cnn", channels: [16, 32, 64], hidden: 128, outputs: 10 };
const GIB = 2 ** 30;
const ABOUT_CNN = "convolutions 16/32/64 3x3 + relu + maxpool 2, linear 128, 10; 28x28";

const BLOCKS = 32;
/** Columns of examples that are compared, all of their blocks. */
const COLUMNS = [0, 17];

/** (32, 32, 10, 10). */
const blocks =
  (model: GramModel) =>
  async (threads: number, hooks?: Hooks): Promise<Prepared> => {
    const made = await gramTask({ model, n: BLOCKS, threads, budget: GIB }, hooks);
    const { task, params } = made;
    const { x } = task.dataset.train;
    const work = () => tangentKernel(task, params, x, undefined, { form: "blocks" });
    const check = async (): Promise<number> => {
      const kernel = (await work()).kernel.data as RealArray;
      const rows = Array.from({ length: BLOCKS }, (_, i) => i);
      return checkKernel(made, { x, kernel, form: "blocks", columns: COLUMNS, rows });
    };
    return { work, units: 1, check, release: () => task.engine.release() };
  };

const trace =
  (problem: Omit<GramProblem, "threads">, options: { readonly most?: number; readonly once?: boolean }) =>
  async (threads: number, hooks?: Hooks): Promise<Prepared> => {
    const made = await gramTask({ ...problem, threads }, hooks);
    const work = () => gramOf(made, problem);
    const check = async (): Promise<number> => checkGram(made, await work(), problem.n, 3);
    return { work, units: 1, ...options, check, release: () => made.task.engine.release() };
  };

const leastOf = ({ model, n }: Pick<GramProblem, "model" | "n">) => ({
  what: "products of the factored algorithm, each pair once",
  flops: traceGramFlops(layersOf(model), n),
});

/** `examples` of the large Gram of convolutions: 4,000, or fewer to try it. */
export function kernelCases({ examples }: { readonly examples: number }): Readonly<Record<string, BenchCase>> {
  const mlpBlocks: BenchCase = {
    about: "full tangent kernel (32, 32, 10, 10), 784-512-512-10 tanh",
    prepare: blocks(MLP),
  };
  const large = { model: MLP, n: 2000, budget: GIB };
  const images = { model: CNN, n: examples, budget: 2 * GIB };
  return {
    ntk_mlp: mlpBlocks,
    ntk_mlp_best: { ...mlpBlocks, about: `${mlpBlocks.about}; the same work beside another peer` },
    ntk_cnn: { about: `full tangent kernel (32, 32, 10, 10), ${ABOUT_CNN}`, prepare: blocks(CNN) },
    ntk_trace_2000: {
      about: "trace kernel (2000, 2000), symmetric, 784-512-512-10 tanh",
      prepare: trace(large, { most: 3 }),
      threads: [2],
      least: [{ ...leastOf(large), target: 0.5 }],
    },
    cnn_gram_4000: {
      about: `trace kernel (${examples}, ${examples}), symmetric, ${ABOUT_CNN}; within 2 GiB, in a process of its own`,
      prepare: trace(images, { once: true }),
      least: [leastOf(images)],
      measure: async () => gramApart({ problem: { ...images, threads: 2 }, runs: 1, columns: 2 }),
    },
  };
}
