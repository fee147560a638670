// The same kernels, training and explanations by the WebGPU and the CPU provider: how far apart they are.

import {
  createModel,
  createOptimizer,
  createTask,
  datasetQueries,
  type Engine,
  type EngineOptions,
  explain,
  type KernelForm,
  lossOf,
  openEngine,
  type RealArray,
  randomFrom,
  shuffledBatches,
  type Task,
  type Tensor,
  tangentKernel,
  trainInMemory,
} from "../../src/index.ts";

interface Comparison {
  readonly what: string;
  /** Largest difference, relative to the largest number of the CPU's. */
  readonly difference: number;
  readonly milliseconds: readonly [webgpu: number, cpu: number];
}

export interface Compared {
  /** Names of the two engines. */
  readonly engines: readonly string[];
  readonly comparisons: readonly Comparison[];
  readonly error?: string;
}

const EXAMPLES = 32;
const MODELS = [
  { spec: "mlp:64,64:relu", inputShape: [20] },
  { spec: "cnn:4,8", inputShape: [1, 8, 8] },
  { spec: "resnet:4,8:1", inputShape: [1, 8, 8] },
  { spec: "transformer:16:1:2", inputShape: [6, 5] },
] as const;

function filled(shape: readonly number[], label: string): Tensor<"float32"> {
  const random = randomFrom(1, label);
  const size = shape.reduce((p, q) => p * q, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length: size }, () => random.normal()) };
}

/** Three classes of random inputs, SGD with momentum. */
function taskOf(engine: Engine, { spec, inputShape }: (typeof MODELS)[number]): { task: Task; params: RealArray } {
  const model = createModel(spec, { inputShape, outputs: 3 });
  const params = new Float32Array(model.parameters.size);
  const random = randomFrom(2, spec);
  model.initialise(params, () => random.uniform());
  const split = (label: string, count: number) => {
    const labels = BigInt64Array.from({ length: count }, (_, n) => BigInt(n % 3));
    return { x: filled([count, ...inputShape], label), y: { dtype: "int64" as const, shape: [count], data: labels } };
  };
  const [train, test] = [split("train", EXAMPLES), split("test", 2)];
  const dataset = {
    source: "random",
    task: "classification" as const,
    classes: ["a", "b", "c"],
    inputShape,
    train,
    test,
    sha256: "",
  };
  const task = createTask({
    engine,
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer("momentum", { lr: 0.05, momentum: 0.9 }),
    dataset,
  });
  return { task, params };
}

const difference = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  let [largest, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  // NaN, or nothing but zeros (a gradient that was never written), is as wrong as can be.
  return actual.length === expected.length && scale > 0 && Number.isFinite(largest) ? largest / scale : 1;
};

/** One result by both engines. */
async function compare(
  what: string,
  engines: readonly [Engine, Engine],
  run: (engine: Engine) => Promise<ArrayLike<number>>,
): Promise<Comparison> {
  const results: ArrayLike<number>[] = [];
  const times: number[] = [];
  for (const engine of engines) {
    const start = performance.now();
    results.push(await run(engine));
    times.push(Math.round(performance.now() - start));
  }
  return {
    what,
    difference: difference(results[0], results[1]),
    milliseconds: [times[0], times[1]],
  };
}

async function comparisonsOf(engines: readonly [Engine, Engine]): Promise<Comparison[]> {
  const found: Comparison[] = [];
  for (const model of MODELS) {
    for (const form of ["trace", "blocks"] as readonly KernelForm[]) {
      found.push(
        await compare(`factored Gram of ${EXAMPLES} examples, ${model.spec}, ${form}`, engines, async (engine) => {
          const { task, params } = taskOf(engine, model);
          const options = { form, algorithm: "factored" } as const;
          return (await tangentKernel(task, params, task.dataset.train.x, undefined, options)).kernel.data as RealArray;
        }),
      );
    }
    const trained = async (engine: Engine) => {
      const { task, params } = taskOf(engine, model);
      const batches = [...shuffledBatches({ examples: EXAMPLES, batchSize: 8, steps: 6 }, randomFrom(3, "batches"))];
      return { task, run: await trainInMemory(task, { params, batches }) };
    };
    found.push(
      // The way that they went, not where they are: rounding to the parameters' size would hide a difference.
      await compare(`movement of parameters in 6 steps, ${model.spec}`, engines, async (engine) => {
        const { run } = await trained(engine);
        const [start, end] = [await run.checkpoint(0), await run.checkpoint(6)];
        return Float64Array.from(end.params, (value, k) => value - start.params[k]);
      }),
    );
    found.push(
      await compare(`contributions to two queries, ${model.spec}`, engines, async (engine) => {
        const { task, run } = await trained(engine);
        const queries = datasetQueries(task, "test:0-1");
        return (await explain(task, run, { queries, rule: "gauss2" })).contributions;
      }),
    );
  }
  return found;
}

/** Everything by both providers; an error is told, not thrown. */
export async function compareProviders(): Promise<Compared> {
  const open = (options: Partial<EngineOptions>) => openEngine({ dtype: "float32", threads: 1, ...options });
  try {
    const engines = [await open({ provider: "webgpu" }), await open({})] as const;
    const names = engines.map(({ info }) => `${info.name} ${info.version} ${info.provider ?? "cpu"}`);
    const comparisons = await comparisonsOf(engines);
    for (const engine of engines) await engine.release();
    return { engines: names, comparisons };
  } catch (error) {
    const { name, message, stack } = error as Error;
    return { engines: [], comparisons: [], error: `${name}: ${message}\n${stack}` };
  }
}
