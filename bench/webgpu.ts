// `npm run bench:webgpu`: kernels, a training step and an explanation on a graphics card beside the processor, each compared first.

import { parseArgs } from "node:util";
import { Engine } from "../src/engine/engine.ts";
import { loadOrt, type Provider, providerNames } from "../src/engine/ort.ts";
import { explain } from "../src/explain/explain.ts";
import { datasetQueries } from "../src/explain/queries.ts";
import { GraphBuilder } from "../src/graph/builder.ts";
import { tangentKernel } from "../src/kernels/tangent-kernel.ts";
import type { KernelForm } from "../src/kernels/types.ts";
import { cnn } from "../src/models/cnn.ts";
import { mlp } from "../src/models/mlp.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { type RealArray, sliceRows, tensor } from "../src/numeric/tensor.ts";
import { shuffledBatches } from "../src/train/batches.ts";
import { trainInMemory } from "../src/train/memory-training.ts";
import { type GramModel, gramTask } from "./gram.ts";
import { machineLine, markdownTable, writeSection } from "./report.ts";
import { benchTask, randomDataset } from "./tasks.ts";
import { best } from "./timing.ts";

const PERCEPTRON = {
  label: "784-512-512-10 tanh",
  model: { kind: "mlp", hidden: [512, 512], outputs: 10 } as GramModel,
};
const CONVOLUTIONS = {
  label: "CNN 16/32/64",
  model: { kind: "cnn", channels: [16, 32, 64], hidden: 128, outputs: 10 } as GramModel,
};
/** Sums of thousands of products in float32, in two orders. */
const LIMIT = 1e-4;

const grouped = (count: number): string => count.toLocaleString("en");

interface Side {
  readonly provider: Provider;
  readonly threads: number;
}

interface Work {
  /** What is timed; gives the numbers that are compared. */
  run(): Promise<ArrayLike<number>>;
  release(): Promise<void>;
}

interface Case {
  readonly name: string;
  /** Counted FLOPs, where a share of a peak is of interest. */
  readonly flops?: number;
  prepare(side: Side): Promise<Work>;
}

const product = (size: number): Case => ({
  name: `product of two ${grouped(size)} x ${grouped(size)} matrices`,
  flops: 2 * size ** 3,
  prepare: async ({ provider, threads }) => {
    const engine = new Engine(await loadOrt(console.warn, provider), { dtype: "float32", threads, provider });
    const b = new GraphBuilder();
    const [x, y] = ["a", "b"].map((name) => b.input(name, "real", [size, size]));
    // One row of sums comes back, so that the transfer of the product is not what is timed.
    const sums = b.op("ReduceSum", [b.op("MatMul", [x, y]), b.ints([0])], { keepdims: 0 });
    const program = engine.compile(b.build({ sums }));
    const random = randomFrom(1, "data");
    const data = Float32Array.from({ length: size * size }, () => random.normal());
    const a = tensor("float32", [size, size], data);
    return {
      run: async () => (await program.run({ a, b: a })).sums.data as RealArray,
      release: () => engine.release(),
    };
  },
});

interface GramCase {
  readonly label: string;
  readonly model: GramModel;
  readonly n: number;
  readonly form: KernelForm;
}

const gram = ({ label, model, n, form }: GramCase): Case => ({
  name: `${form === "trace" ? "trace kernel" : "full kernel"} of ${grouped(n)} examples, ${label}`,
  prepare: async ({ provider, threads }) => {
    const budget = 2 ** 31;
    const { task, params } = await gramTask({ model, n, threads, provider, budget });
    const x = sliceRows(task.dataset.train.x, 0, n);
    const options = { form, memoryBudget: budget };
    return {
      run: async () => (await tangentKernel(task, params, x, undefined, options)).kernel.data as RealArray,
      release: () => task.engine.release(),
    };
  },
});

const STEPS = 20;

const training = (label: string, kind: "mlp" | "cnn", what: "steps" | "explanation"): Case => ({
  name:
    what === "steps"
      ? `${STEPS} SGD steps of 128 examples with their record, ${label}`
      : `explanation of 100 queries over ${STEPS} such steps, rule gauss2, ${label}`,
  prepare: async ({ provider, threads }) => {
    const dataset = randomDataset(kind === "mlp" ? [784] : [1, 28, 28], { train: 1024, test: 100 });
    const { task, params } = await benchTask({
      model: (shape) =>
        kind === "mlp"
          ? mlp({ ...shape, hidden: [512, 512], activation: "tanh" })
          : cnn({ ...shape, channels: [16, 32, 64], hidden: 128 }),
      dataset,
      threads,
      provider,
    });
    const batches = [...shuffledBatches({ examples: 1024, batchSize: 128, steps: STEPS }, randomFrom(3, "batches"))];
    const trained = () => trainInMemory(task, { params, batches });
    const run = await trained();
    const [start, queries] = [await run.checkpoint(0), datasetQueries(task, "test:0-99")];
    return {
      run: async () => {
        if (what === "explanation") return (await explain(task, run, { queries, rule: "gauss2" })).contributions;
        const end = await (await trained()).checkpoint(STEPS);
        return Float64Array.from(end.params, (value, k) => value - start.params[k]);
      },
      release: () => task.engine.release(),
    };
  },
});

const CASES: readonly Case[] = [
  product(1024),
  product(4096),
  gram({ ...PERCEPTRON, n: 32, form: "blocks" }),
  gram({ ...PERCEPTRON, n: 2000, form: "trace" }),
  gram({ ...PERCEPTRON, n: 4000, form: "trace" }),
  gram({ ...CONVOLUTIONS, n: 32, form: "blocks" }),
  gram({ ...CONVOLUTIONS, n: 1000, form: "trace" }),
  training("784-512-512-10 tanh", "mlp", "steps"),
  training("784-512-512-10 tanh", "mlp", "explanation"),
  training("CNN 16/32/64", "cnn", "steps"),
];

/** Largest difference relative to the largest number expected. */
function differenceOf(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [largest, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    // NaN must not be lost in Math.max's order of arguments.
    largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return actual.length === expected.length && scale > 0 ? largest / scale : Number.NaN;
}

async function measured(own: Case, side: Side): Promise<{ numbers: ArrayLike<number>; ms: number }> {
  const work = await own.prepare(side);
  const numbers = await work.run();
  const ms = await best(() => work.run(), { seconds: 3, most: 10 });
  await work.release();
  return { numbers, ms };
}

const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    write: { type: "boolean", default: false },
    device: { type: "string" },
  },
  allowPositionals: false,
});
const threads = Number(values.threads);
console.error(`${machineLine()} Providers: ${providerNames.join(", ")}`);
const rows: string[][] = [];
let wrong = 0;
for (const own of CASES) {
  try {
    const cpu = await measured(own, { provider: "cpu", threads });
    const gpu = await measured(own, { provider: "webgpu", threads });
    const difference = differenceOf(gpu.numbers, cpu.numbers);
    if (!(difference <= LIMIT)) wrong++;
    const rate = (ms: number): string =>
      own.flops ? `${ms.toFixed(1)} (${(own.flops / ms / 1e6).toFixed(0)} GFLOP/s)` : ms.toFixed(1);
    rows.push([own.name, rate(cpu.ms), rate(gpu.ms), (cpu.ms / gpu.ms).toFixed(2), difference.toExponential(1)]);
  } catch (error) {
    wrong++;
    rows.push([own.name, "", "", "", `failed: ${(error as Error).message.slice(0, 300)}`]);
  }
  console.error(rows.at(-1)?.join(" | "));
}
const table = {
  head: ["what", `processor, ${threads} threads (ms)`, "webgpu (ms)", "times as fast", "largest difference"],
  rows,
};
console.log(markdownTable(table));
if (values.write) writeSection("WebGPU", `On ${values.device ?? "this machine's graphics card"}.`, table);
process.exitCode = wrong === 0 ? 0 : 1;
