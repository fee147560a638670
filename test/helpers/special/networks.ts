// Networks that are kernel machines by their own making: hidden units as points, the perceptron's dual, Hamming's nearest neighbour.

import { explain } from "../../../src/explain/explain.ts";
import { inputQueries } from "../../../src/explain/queries.ts";
import { greater, matmul, mul, neg, reduceSum, sub, transpose, unsqueeze, where } from "../../../src/graph/ops.ts";
import { dotProduct, gaussian, inputKernel, type PointKernel } from "../../../src/kernels/input-kernels.ts";
import {
  evaluateMachine,
  identityLink,
  type KernelMachine,
  type Link,
  zeroPrior,
} from "../../../src/kernels/kernel-machine.ts";
import { pathKernel } from "../../../src/kernels/path-kernel.ts";
import { lossOf } from "../../../src/losses/registry.ts";
import type { Loss } from "../../../src/losses/types.ts";
import { mlp } from "../../../src/models/mlp.ts";
import { viewsOf } from "../../../src/numeric/layout.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import { type RealArray, reals, type Tensor } from "../../../src/numeric/tensor.ts";
import { predict } from "../../../src/train/accuracy.ts";
import { fullBatches, meanBatch } from "../../../src/train/batches.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { builtModel, modelTask, normals, relative } from "../model-task.ts";

/** A trained one-hidden-layer network against the machine whose points are its hidden units, K(x, w_j) = tanh(w_j . x + b_j) (000-06). */
export async function hiddenUnitsAsPoints(): Promise<number> {
  const model = mlp({ inputShape: [2], outputs: 2, hidden: [5], activation: "tanh" });
  const [x, y, queries] = [normals([8, 2], "units"), normals([8, 2], "unit targets"), normals([4, 2], "unit queries")];
  const { task, params } = await modelTask({ model, loss: lossOf("mse"), x, y, queries });
  const run = await trainInMemory(task, { params, batches: [...fullBatches(8, 10)] });
  const trained = (await run.checkpoint(10)).params;
  const w = viewsOf(model.parameters, trained);
  const [hidden, bias, output, offset] = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"].map(
    (name) => w[name].data as RealArray,
  );
  const points = reals([5, 3], Array.from({ length: 5 }, (_, j) => [hidden[2 * j], hidden[2 * j + 1], bias[j]]).flat());
  const unit: PointKernel = (own, [a, b, c]) => Math.tanh(a * own[0] + b * own[1] + c);
  const machine: KernelMachine = {
    name: "hidden units",
    outputs: 2,
    points,
    kernel: inputKernel(points, unit),
    coefficients: reals([5, 2], Array.from({ length: 5 }, (_, j) => [output[j], output[5 + j]]).flat()),
    prior: async ({ shape: [count] }) => reals([count, 2], Array.from({ length: count }, () => [...offset]).flat()),
    link: identityLink,
  };
  return relative((await evaluateMachine(machine, queries)).value.data, await predict(task, trained, { x: queries }));
}

export interface RbfAgreement {
  /** The network against the machine with a Gaussian kernel on its centres, the training points. */
  readonly machine: number;
  /** Its path kernel against (sum eta c) Phi(x) . Phi(x_i): only the output weights are trained. */
  readonly pathKernel: number;
}

/** An RBF network with a centre at each training point (000-06). */
export async function rbfNetwork(): Promise<RbfAgreement> {
  const gamma = 0.7;
  const [x, y, queries] = [normals([6, 2], "rbf"), normals([6, 1], "rbf targets"), normals([4, 2], "rbf queries")];
  const model = builtModel("rbf", [2], (b, input) => {
    const apart = sub(b, unsqueeze(b, input, [1]), unsqueeze(b, b.constant(x), [0]));
    const units = b.op("Exp", [mul(b, reduceSum(b, mul(b, apart, apart), [2]), -gamma)]);
    return matmul(b, units, transpose(b, b.input("weight", "real", [1, 6]), [1, 0]));
  });
  const { task, params } = await modelTask({
    model,
    loss: lossOf("half-mse"),
    x,
    y,
    queries,
    params: new Float64Array(6),
  });
  const run = await trainInMemory(task, { params, batches: [...fullBatches(6, 20)] });
  const trained = (await run.checkpoint(20)).params;
  const kernel = inputKernel(x, gaussian(gamma));
  const coefficients = reals([6, 1], trained);
  const own = { name: "rbf", outputs: 1, points: x, kernel, coefficients, prior: zeroPrior(1), link: identityLink };
  const [ofQueries, ofPoints] = [await kernel(queries), await kernel(x)];
  const { unweighted } = await pathKernel(task, run, queries);
  const expected = unweighted.data.map((_, k) => {
    const [q, i] = [Math.floor(k / 6), k % 6];
    let total = 0;
    for (let j = 0; j < 6; j++) total += Number(ofQueries.data[6 * q + j]) * Number(ofPoints.data[6 * i + j]);
    return ((20 * 0.1) / 6) * total;
  });
  const network = await predict(task, trained, { x: queries });
  return {
    machine: relative((await evaluateMachine(own, queries)).value.data, network),
    pathKernel: relative(unweighted.data, expected),
  };
}

/** max(0, -y f) for targets of +1 and -1: its derivative is -y on a mistake, and 0 elsewhere. */
const mistakes: Loss = {
  name: "mistakes",
  target: "real",
  value: (b, y, target) => {
    const wrong = mul(b, neg(b, y), target);
    return reduceSum(b, where(b, greater(b, wrong, 0), wrong, 0), [1]);
  },
};

export interface PerceptronAgreement {
  /** Mistakes of Rosenblatt's rule, counted apart. */
  readonly mistakes: number;
  /** Contributions by explain against y_i m_i (x . x_i + 1), m_i the mistakes on example i: the largest difference. */
  readonly contributions: number;
  /** The network's outputs against prior and dual form. */
  readonly dual: number;
}

/** One example a step, step size 1: the perceptron, and its dual, a kernel machine (001-17; Aizerman et al. 1964). */
export async function perceptron(): Promise<PerceptronAgreement> {
  const n = 12;
  const [x, queries] = [normals([n, 2], "perceptron"), normals([4, 2], "perceptron queries")];
  // No line parts these: mistakes go on.
  const y = reals(
    [n, 1],
    Array.from({ length: n }, (_, i) => (x.data[2 * i] * x.data[2 * i + 1] > 0 ? 1 : -1)),
  );
  const order = Array.from({ length: 5 * n }, (_, s) => s % n);
  const { task, params } = await modelTask({
    model: mlp({ inputShape: [2], outputs: 1, hidden: [], activation: "tanh" }),
    loss: mistakes,
    x,
    y,
    queries,
    optimizer: { name: "sgd", options: { lr: 1 } },
  });
  const run = await trainInMemory(task, { params, batches: order.map((i) => meanBatch(Int32Array.of(i))) });
  // Rosenblatt's rule in its dual form: only products of inputs, and a count for each example.
  const kernel = inputKernel(x, dotProduct(1));
  const among = (await kernel(x)).data as RealArray;
  const prior = await predict(task, (await run.checkpoint(0)).params, { x });
  const counts = new Float64Array(n);
  for (const i of order) {
    const value = counts.reduce((sum, count, j) => sum + count * y.data[j] * among[i * n + j], prior[i]);
    if (y.data[i] * value < 0) counts[i]++;
  }
  const machine: KernelMachine = {
    name: "dual perceptron",
    outputs: 1,
    points: x,
    kernel,
    coefficients: reals(
      [n, 1],
      counts.map((count, i) => count * y.data[i]),
    ),
    prior: async (own) => reals([own.shape[0], 1], await predict(task, (await run.checkpoint(0)).params, { x: own })),
    link: identityLink,
  };
  const dual = await evaluateMachine(machine, queries);
  const rows = inputQueries(task, queries, { name: "queries" });
  const e = await explain(task, run, { queries: rows, rule: "left", readout: "output:0" });
  return {
    mistakes: counts.reduce((a, b) => a + b, 0),
    contributions: relative(e.contributions, dual.contributions.data),
    dual: relative(dual.value.data, e.output),
  };
}

/** The winner takes all: 1 at the largest value of each row. */
const winner: Link = {
  name: "winner takes all",
  apply: ({ shape: [count, outputs], data }) => {
    const taken = new Float64Array(data.length);
    for (let q = 0; q < count; q++) {
      const row = data.subarray(q * outputs, (q + 1) * outputs);
      taken[q * outputs + row.indexOf(Math.max(...row))] = 1;
    }
    return reals([count, outputs], taken);
  },
};

export interface NeighbourAgreement {
  /** Probes, of which as many as `hamming` have the Hamming network's winner as a nearest stored pattern, by bits. */
  readonly probes: number;
  readonly hamming: number;
  /** Of those with one nearest pattern: the Hopfield network (softmax of 8 x . x_i, one update) ends at it. */
  readonly unique: number;
  readonly hopfield: number;
}

/** Stored patterns of +1 and -1, probed: Hamming's and Hopfield's networks give the nearest neighbour (001-18; Lippmann 1987). */
export async function nearestNeighbours(): Promise<NeighbourAgreement> {
  const [stored, bits, probes] = [7, 24, 60];
  const random = randomFrom(1, "patterns");
  const signs = (count: number): Tensor<"float64"> =>
    reals(
      [count, bits],
      Array.from({ length: count * bits }, () => (random.uniform() < 0.5 ? -1 : 1)),
    );
  const [patterns, queries] = [signs(stored), signs(probes)];
  const identity = reals(
    [stored, stored],
    Array.from({ length: stored ** 2 }, (_, k) => Number(k % (stored + 1) === 0)),
  );
  const common = { points: patterns, kernel: inputKernel(patterns, dotProduct()), link: winner };
  const hamming: KernelMachine = {
    name: "Hamming",
    outputs: stored,
    ...common,
    coefficients: identity,
    prior: zeroPrior(stored),
  };
  // The update of a continuous Hopfield network: x <- X^T softmax(beta X x), Ramsauer et al. 2020; large beta is Hamming's winner.
  const softmax: Link = {
    name: "softmax",
    apply: ({ shape, data }) => {
      const rows = Array.from({ length: shape[0] }, (_, q) => data.subarray(q * stored, (q + 1) * stored));
      const shares = rows.flatMap((row) => {
        const top = Math.max(...row);
        const powers = Array.from(row, (value) => Math.exp(8 * (value - top)));
        const total = powers.reduce((a, b) => a + b, 0);
        return powers.map((power) => power / total);
      });
      return reals(shape, shares);
    },
  };
  const [won, attended] = [
    await evaluateMachine(hamming, queries),
    await evaluateMachine({ ...hamming, link: softmax }, queries),
  ];
  const found = { probes, hamming: 0, unique: 0, hopfield: 0 };
  for (let q = 0; q < probes; q++) {
    const distances = Array.from({ length: stored }, (_, i) => {
      let apart = 0;
      for (let k = 0; k < bits; k++) apart += Number(queries.data[q * bits + k] !== patterns.data[i * bits + k]);
      return apart;
    });
    const least = Math.min(...distances);
    const taken = won.output.data.subarray(q * stored, (q + 1) * stored).indexOf(1);
    if (distances[taken] === least) found.hamming++;
    if (distances.filter((value) => value === least).length > 1) continue;
    found.unique++;
    const nearest = distances.indexOf(least);
    const recalled = Array.from({ length: bits }, (_, k) => {
      let value = 0;
      for (let i = 0; i < stored; i++) value += attended.output.data[q * stored + i] * patterns.data[i * bits + k];
      return value;
    });
    if (recalled.every((value, k) => Math.abs(value - patterns.data[nearest * bits + k]) < 1e-3)) found.hopfield++;
  }
  return found;
}
