import { beforeAll, describe, expect, it } from "vitest";
import { arrayDataset } from "../../src/data/array-dataset.ts";
import { explain } from "../../src/explain/explain.ts";
import { explainParts } from "../../src/explain/explain-parts.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { lossPathKernel } from "../../src/kernels/loss-path-kernel.ts";
import { optimalLoss } from "../../src/losses/adversarial.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { mlp } from "../../src/models/mlp.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { type RealArray, reals, zeros } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import { predict } from "../../src/train/accuracy.ts";
import { learningOpponent, type Opponent, optimalOpponent, trainAgainst } from "../../src/train/adversaries.ts";
import { shuffledBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { newRunOf } from "../../src/train/new-run.ts";
import { retrainWithout } from "../../src/train/retrain.ts";
import { initialParameters, seededTask } from "../../src/train/seeded-task.ts";
import type { Task } from "../../src/train/task.ts";
import { explainForward } from "../helpers/forward-explanation.ts";
import { perExampleGradients } from "../helpers/per-example-gradients.ts";
import { engineOf, smallTask, withOptimizer } from "../helpers/tasks.ts";

const LATENTS = 10;
const STEPS = 12;
const RING = {
  data: {
    centres: [
      [1, 0],
      [-0.5, 0.8],
      [-0.5, -0.8],
    ],
    deviation: 0.3,
  },
  bandwidth: 0.3,
  points: LATENTS,
};

const batches = [...shuffledBatches({ examples: LATENTS, batchSize: 5, steps: STEPS }, randomFrom(3, "batches"))];

async function learner(): Promise<Opponent> {
  const engine = await engineOf("float64");
  const random = randomFrom(5, "data");
  const model = mlp({ inputShape: [2], outputs: 1, hidden: [6], activation: "tanh" });
  const points = Float64Array.from(
    { length: 40 },
    (_, k) => RING.data.centres[(k >> 1) % 3][k % 2] + 0.3 * random.normal(),
  );
  return learningOpponent({
    form: "non-saturating",
    engine,
    model,
    params: initialParameters(model, "float64", 9),
    optimizer: createOptimizer("adam", { lr: 0.05 }),
    data: reals([20, 2], points),
    batchSize: 6,
    random,
  });
}

async function generator(opponent: Opponent, [name, lr]: readonly [string, number] = ["sgd", 0.1]) {
  const random = randomFrom(2, "latents");
  const split = (n: number) => ({
    x: reals(
      [n, 2],
      Float64Array.from({ length: 2 * n }, () => random.normal()),
    ),
    y: zeros("float64", [n, 2]),
  });
  return seededTask({
    engine: await engineOf("float64"),
    model: mlp({ inputShape: [2], outputs: 2, hidden: [7], activation: "tanh" }),
    loss: opponent.loss,
    optimizer: createOptimizer(name, { lr }),
    dataset: arrayDataset({ train: split(LATENTS), test: split(3) }),
    seed: 4,
  });
}

const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));

describe("a generator that was trained against a learning discriminator", () => {
  it.each([
    ["sgd", 0.1],
    ["momentum", 0.05],
    ["adam", 0.02],
  ] as const)("is explained as the momenta of its latents carried forwards say, by %s", async (name, lr) => {
    const opponent = await learner();
    const { task, params } = await generator(opponent, [name, lr]);
    const run = await trainAgainst(task, { params, batches, opponent });
    const queries = datasetQueries(task, "test:0-2");
    const own = await explain(task, run, { queries, rule: "gauss3", readout: "output:0" });
    const forward = await explainForward(task, run, { queries, rule: "gauss3" });
    expect(forward.contributions).toBeAllclose(own.contributions, { atol: 1e-12 * largest(own.gross), rtol: 0 });
    expect(largest(own.closure)).toBeLessThan(1e-13 * largest(own.gross));
  });

  it("is trained by the steps that its discriminator's parameters make, recorded with each", async () => {
    const opponent = await learner();
    const { task, params } = await generator(opponent);
    const run = await trainAgainst(task, { params, batches, opponent });
    const weights = run.batches.map(({ lossInputs }) => lossInputs!["layers.1.weight"].data.join());
    expect(new Set(weights).size).toBe(STEPS);
    // Each step is one of plain gradient descent on sum_i c_i softplus(-u(G(z_i))), by central differences of that sum.
    const s = 5;
    const [from, to] = [(await run.checkpoint(s)).params, (await run.checkpoint(s + 1)).params];
    const lossAt = async (at: RealArray): Promise<number> => {
      const y = await predict(task, at, task.dataset.train);
      const d = run.batches[s].lossInputs!;
      const [w0, b0, w1, b1] = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"].map(
        (name) => d[name].data as Float64Array,
      );
      return run.batches[s].indices.reduce((total, i, n) => {
        const hidden = Array.from(b0, (bias, j) =>
          Math.tanh(bias + w0[2 * j] * y[2 * i] + w0[2 * j + 1] * y[2 * i + 1]),
        );
        const u = hidden.reduce((sum, value, j) => sum + w1[j] * value, b1[0]);
        return total + run.batches[s].weights[n] * Math.log1p(Math.exp(-u));
      }, 0);
    };
    expect(run.scalars[s].loss).toBeAllclose(await lossAt(from), { rtol: 1e-12 });
    for (const k of [0, 9, 20, from.length - 1]) {
      const moved = (by: number): RealArray => from.map((w, j) => (j === k ? w + by : w)) as RealArray;
      const slope = ((await lossAt(moved(1e-5))) - (await lossAt(moved(-1e-5)))) / 2e-5;
      expect(to[k] - from[k]).toBeAllclose(-0.1 * slope, { atol: 1e-10 });
    }
  });

  it("is replayed and explained to the same bits when few states are stored", async () => {
    const record = async (checkpointEvery: number) => {
      const opponent = await learner();
      const { task, params } = await generator(opponent);
      const run = await trainAgainst(task, { params, batches, opponent, checkpointEvery });
      return explain(task, run, { queries: datasetQueries(task, "test:0"), readout: "output:1" });
    };
    const [all, few] = [await record(1), await record(STEPS)];
    expect(few.contributions).toEqual(all.contributions);
    expect(few.terms).toEqual([]);
  });

  it("trains again without a latent against the discriminator as it stood", async () => {
    const opponent = await learner();
    const { task, params } = await generator(opponent);
    const run = await trainAgainst(task, { params, batches: batches.slice(0, 1), opponent });
    const left = batches[0].indices[0];
    const without = await retrainWithout(task, run, { without: [left], weights: "kept" });
    const gradients = await perExampleGradients(task)((await run.checkpoint(0)).params, run.batches[0]);
    const { params: end } = await run.checkpoint(1);
    const wanted = end.map((w, k) => w + 0.1 * gradients[k]) as RealArray;
    expect(without.params).toBeAllclose(wanted, { rtol: 1e-12, atol: 1e-14 });
  });
});

describe("a generator that was trained against the best discriminator", () => {
  let task: Task;
  let run: Awaited<ReturnType<typeof trainAgainst>>;
  beforeAll(async () => {
    const opponent = optimalOpponent("non-saturating", RING);
    const seeded = await generator(opponent, ["sgd", 0.02]);
    task = seeded.task;
    run = await trainAgainst(task, { params: seeded.params, batches, opponent });
  });

  it("is pulled by attraction and repulsion, which add up to all that it was pulled by", async () => {
    const { whole: _, ...parts } = optimalLoss("non-saturating", RING);
    const queries = datasetQueries(task, "test:0-2");
    const options = { queries, readout: "output:0", rule: "gauss3", parts };
    const found = await explainParts(task, run, options);
    expect(found.apart).toBeLessThan(1e-14);
    expect(largest(found.parts.repulsion)).toBeGreaterThan(0.01 * largest(found.whole.contributions));
    const forward = await explainParts(task, run, { ...options, pulls: "forward" });
    const atol = 1e-13 * largest(found.whole.gross);
    expect(forward.parts.repulsion).toBeAllclose(found.parts.repulsion, { atol, rtol: 0 });
  });

  it("splits pulls under Adam too", async () => {
    const opponent = optimalOpponent("saturating", RING);
    const { task, params } = await generator(opponent, ["adam", 0.02]);
    const run = await trainAgainst(task, { params, batches, opponent });
    const { whole: _, ...parts } = optimalLoss("saturating", RING);
    const queries = datasetQueries(task, "test:0");
    expect((await explainParts(task, run, { queries, readout: "output:1", parts })).apart).toBeLessThan(1e-14);
  });

  it("has no loss readout, since no query knows where the opponent stands, and no parts that read something else", async () => {
    const queries = datasetQueries(task, "test:0");
    await expect(explain(task, run, { queries, readout: "loss" })).rejects.toThrow("which a query does not have");
    await expect(explainParts(task, run, { queries, parts: { mse: lossOf("mse") } })).rejects.toThrow(
      "explainParts: mse must read what non-saturating density ratio reads",
    );
  });

  it("refuses to train without its opponent", async () => {
    const params = newStart(task);
    await expect(trainInMemory(task, { params, batches })).rejects.toThrow(
      "a batch must have generated of shape [10,2] for loss non-saturating density ratio, got none",
    );
    const other = optimalOpponent("saturating", RING);
    expect(() => trainAgainst(task, { params, batches, opponent: other })).toThrow("must be the opponent's");
  });
});

const newStart = (task: Task): RealArray => initialParameters(task.model, "float64", 4);

describe("a path kernel of the loss", () => {
  it("is refused for a loss that reads something at every step, which points do not have", async () => {
    const { task, params } = await generator(optimalOpponent("saturating", RING));
    const opponent: Opponent = { loss: task.loss, respond: optimalOpponent("saturating", RING).respond };
    const run = await trainAgainst(task, { params, batches, opponent });
    await expect(lossPathKernel(task, run)).rejects.toThrow(
      "the loss of points must be of outputs and targets alone, got saturating density ratio, which also reads generated",
    );
  });
});

describe("a record on disk", () => {
  it("is refused for a loss that reads something at every step", async () => {
    const { task, params } = await generator(optimalOpponent("saturating", RING));
    const run = newRunOf(task, params, { batchSize: 5, plannedSteps: 3, checkpointEvery: 1 });
    await expect(createRunWriter("never.pkrun", run)).rejects.toThrow(
      "a loss that reads generated at every step is recorded in memory only",
    );
  });
});

describe("a loss with inputs that never change", () => {
  it("is trained and explained as the same loss without them", async () => {
    const small = await smallTask({ steps: 10, hidden: [6] });
    const scaled: Task = {
      ...small.task,
      loss: {
        ...lossOf("mse"),
        name: "scaled",
        inputs: { scale: [] },
        value: (b, y, target, inputs) => b.op("Mul", [lossOf("mse").value(b, y, target), inputs!.scale]),
      },
    };
    const lossInputs = async () => ({ scale: reals([], [1]) });
    for (const name of ["sgd", "adam"]) {
      const [plain, other] = [small.task, scaled].map((task) => withOptimizer(task, name, { lr: 0.03 }));
      const [a, b] = [await trainInMemory(plain, { ...small }), await trainInMemory(other, { ...small, lossInputs })];
      const queries = datasetQueries(plain, "test:0-1");
      const [wanted, got] = [await explain(plain, a, { queries }), await explain(other, b, { queries })];
      expect(got.contributions).toBeAllclose(wanted.contributions, { rtol: 1e-12, atol: 1e-15 });
      expect(b.manifest.lossInputs).toEqual({ scale: [] });
    }
  });
});

describe("an opponent", () => {
  it("must be a network with one output that is not random, and have points", async () => {
    const engine = await engineOf("float64");
    const of = (model: ReturnType<typeof mlp>, data = zeros("float64", [3, 2])) =>
      learningOpponent({
        form: "saturating",
        engine,
        model,
        params: initialParameters(model, "float64", 1),
        optimizer: createOptimizer("sgd", { lr: 0.1 }),
        data,
        batchSize: 2,
        random: randomFrom(1, "x"),
      });
    const shape = { inputShape: [2], activation: "tanh" };
    expect(() => of(mlp({ ...shape, outputs: 2, hidden: [3] }))).toThrow("must have one output, got [2]");
    expect(() => of(mlp({ ...shape, outputs: 1, hidden: [3], dropout: 0.5 }))).toThrow("must not be random");
    expect(() => of(mlp({ ...shape, outputs: 1, hidden: [3] }), zeros("float64", [0, 2]))).toThrow(
      "the number of data points must be a positive integer, got 0",
    );
  });
});
