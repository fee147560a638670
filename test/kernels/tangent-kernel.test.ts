// Tangent kernels against closed forms, central differences and PyTorch; what must hold of every one; what is refused.

import { describe, expect, it } from "vitest";
import { chooseAlgorithm } from "../../src/kernels/choose.ts";
import { type TangentKernelOptions, tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { algorithmNames, type KernelForm } from "../../src/kernels/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { type RealArray, reals, sliceRows, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createTask, type Task } from "../../src/train/task.ts";
import { largest, readoutsFor, subjectOf } from "../conformance/tangent-kernel.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { engineOf, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";
import { torchModel, torchModels } from "../helpers/torch-models.ts";

const CLASSES = { loss: "cross-entropy", hidden: [7, 5] } as const;
const C = 3;

async function subject(options: SmallTaskOptions = {}) {
  const given = subjectOf(await smallTask({ ...CLASSES, ...options }));
  const kernel = async (own: TangentKernelOptions = {}, xs: Tensor = given.xs, xs2?: Tensor): Promise<RealArray> =>
    (await tangentKernel(given.task, given.params, xs, xs2, own)).kernel.data as RealArray;
  return { ...given, kernel };
}

const close = (expected: ArrayLike<number>, limit = 1e-12) => ({ atol: limit * largest(expected), rtol: 0 });

/** J J'^T of two arrays (n, C, p) and (m, C, p) as blocks (n, m, C, C). */
function blocksOf(x: ArrayLike<number>, y: ArrayLike<number>, { c, p }: { c: number; p: number }): Float64Array {
  const [n, m] = [x.length / (c * p), y.length / (c * p)];
  const blocks = new Float64Array(n * m * c * c);
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < m; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < c; l++, at++)
          for (let q = 0; q < p; q++) blocks[at] += x[(i * c + k) * p + q] * y[(j * c + l) * p + q];
  return blocks;
}

describe("the tangent kernel", () => {
  it("of a linear model is x . x' + 1 on the diagonal and 0 beside it", async () => {
    const { kernel, xs, xs2 } = await subject({ hidden: [] });
    const [x, y] = [xs.data as RealArray, xs2.data as RealArray];
    const expected = Float64Array.from({ length: 5 * 3 * C * C }, (_, at) => {
      const [n, m, c, d] = [Math.floor(at / 27), Math.floor(at / 9) % 3, Math.floor(at / 3) % 3, at % 3];
      return c === d ? x[2 * n] * y[2 * m] + x[2 * n + 1] * y[2 * m + 1] + 1 : 0;
    });
    for (const algorithm of algorithmNames)
      expect(await kernel({ form: "blocks", algorithm }, xs, xs2)).toBeAllclose(expected, close(expected));
  });

  it.each(["tanh", "cnn"] as const)("of a small %s model is that of central differences", async (model) => {
    const { task, params, xs, kernel } = await subject({ model });
    const program = task.engine.compile(task.split.head);
    const { size } = task.layout;
    const h = 1e-5;
    const jacobian = new Float64Array(5 * C * size);
    for (let k = 0; k < size; k++) {
      const at = async (step: number) => {
        const moved = params.map((value, q) => (q === k ? value + step : value));
        const { y } = await program.run({ ...task.frozen, ...viewsOf(task.layout, moved), x: xs });
        return y.data as RealArray;
      };
      const [up, down] = [await at(h), await at(-h)];
      for (let r = 0; r < 5 * C; r++) jacobian[r * size + k] = (up[r] - down[r]) / (2 * h);
    }
    const expected = blocksOf(jacobian, jacobian, { c: C, p: size });
    // Rounding of the differences is 1e-16 / h, their error h^2.
    for (const algorithm of algorithmNames)
      expect(await kernel({ form: "blocks", algorithm })).toBeAllclose(expected, close(expected, 1e-9));
  });

  it.each(torchModels)("agrees with PyTorch's Jacobians to 1e-10 for $name", async (description) => {
    const { array, x, y, model, loss, params, c, p } = torchModel(description);
    const split = { x, y: y as Tensor<"int64"> };
    const classes = y.dtype === "int64" ? Array.from({ length: c }, (_, k) => `${k}`) : [];
    const dataset = {
      source: "torch",
      task: classes.length > 0 ? ("classification" as const) : ("regression" as const),
      classes,
      inputShape: x.shape.slice(1),
      train: split,
      test: split,
      sha256: "",
    };
    const engine = await engineOf("float64");
    const trainable = model.parameters.entries.map(({ name }) => name);
    const optimizer = createOptimizer("gd", { lr: 0.1 });
    const task = createTask({ engine, model, trainable, params, loss, optimizer, dataset });
    const [own, query] = [array("jacobian").data, array("queryJacobian").data];
    const expected = blocksOf(query, own, { c, p });
    for (const algorithm of algorithmNames) {
      const { kernel } = await tangentKernel(task, params, array("queries"), x, { form: "blocks", algorithm });
      expect(kernel.data as RealArray).toBeAllclose(expected, close(expected, 1e-10));
    }
  });
});

describe("forms of one kernel", () => {
  it("are parts of its blocks", async () => {
    const given = await subject();
    const { xs, xs2, kernel, task } = given;
    const blocks = await kernel({ form: "blocks" }, xs, xs2);
    const diagonal = Float64Array.from({ length: 15 * C }, (_, k) => blocks[Math.floor(k / C) * C * C + (k % C) * 4]);
    const trace = Float64Array.from(
      { length: 15 },
      (_, k) => diagonal[3 * k] + diagonal[3 * k + 1] + diagonal[3 * k + 2],
    );
    expect(task.outputs).toBe(C);
    expect(await kernel({ form: "diagonal" }, xs, xs2)).toBeAllclose(diagonal, close(diagonal));
    expect(await kernel({ form: "trace" }, xs, xs2)).toBeAllclose(trace, close(trace));
    const { readouts } = readoutsFor("readout", given);
    const [a, b] = (readouts as [Tensor, Tensor]).map(({ data }) => data as RealArray);
    const expected = Float64Array.from({ length: 15 }, (_, k) => {
      const [n, m] = [Math.floor(k / 3), k % 3];
      let total = 0;
      for (let c = 0; c < C; c++)
        for (let d = 0; d < C; d++) total += a[n * C + c] * blocks[k * 9 + c * C + d] * b[m * C + d];
      return total;
    });
    expect(await kernel({ form: "readout", readouts: readouts as [Tensor, Tensor] }, xs, xs2)).toBeAllclose(
      expected,
      close(expected),
    );
  });

  it("take readouts of each side where both sides are the same examples", async () => {
    const { xs, kernel } = await subject();
    const unit = (c: number) =>
      reals(
        [5, C],
        Float64Array.from({ length: 5 * C }, (_, k) => (k % C === c ? 1 : 0)),
      );
    const blocks = await kernel({ form: "blocks" });
    const expected = Float64Array.from({ length: 25 }, (_, k) => blocks[k * 9 + 2 * C + 1]);
    expect(await kernel({ form: "readout", readouts: [unit(2), unit(1)] }, xs)).toBeAllclose(expected, close(expected));
  });
});

/** Smallest pivot of the Cholesky decomposition of K + shift I; negative or NaN where that is not positive definite. */
function smallestPivot(kernel: RealArray, n: number, shift: number): number {
  const a = Float64Array.from(kernel);
  for (let i = 0; i < n; i++) a[i * n + i] += shift;
  let smallest = Infinity;
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k];
    smallest = Math.min(smallest, pivot);
    for (let i = k + 1; i < n; i++)
      for (let j = k + 1; j < n; j++) a[i * n + j] -= (a[i * n + k] * a[k * n + j]) / pivot;
  }
  return smallest;
}

/** Blocks (n, n, C, C) as one matrix (n C, n C). */
function flattened(blocks: RealArray, n: number): Float64Array {
  return Float64Array.from({ length: n * n * C * C }, (_, at) => {
    const [row, column] = [Math.floor(at / (n * C)), at % (n * C)];
    const [i, j] = [Math.floor(row / C), Math.floor(column / C)];
    return blocks[(i * n + j) * C * C + (row % C) * C + (column % C)];
  });
}

describe.each(algorithmNames)("every Gram matrix by %s", (algorithm) => {
  it.each([
    ["tanh", "float64", undefined],
    ["relu", "float64", 2],
    ["cnn", "float64", 2],
    ["tanh", "float32", 2],
  ] as const)("is symmetric and positive semidefinite to rounding: %s, %s, tile %s", async (model, dtype, tile) => {
    const { task, kernel } = await subject({ model, dtype });
    const xs = takeRows(task.dataset.train.x, [0, 1, 2, 3, 4, 0]); // The first one twice: the matrix is singular.
    const options = { algorithm, ...(tile !== undefined && { tile }) };
    const epsilon = dtype === "float64" ? 1e-13 : 1e-5;
    const weights = Float64Array.from({ length: task.layout.size }, (_, k) => k % 3);
    const blocks = flattened(await kernel({ ...options, form: "blocks" }, xs), 6);
    const matrices = [
      [await kernel(options, xs), 6],
      [await kernel({ ...options, weights }, xs), 6],
      [await kernel({ ...options, normalize: true }, xs), 6],
      [blocks, 6 * C],
    ] as const;
    for (const [matrix, n] of matrices) {
      const scale = largest(matrix);
      const transposed = matrix.map((_, at) => matrix[(at % n) * n + Math.floor(at / n)]);
      expect(matrix).toBeAllclose(transposed, { atol: epsilon * scale, rtol: 0 });
      expect(smallestPivot(matrix, n, n * epsilon * scale)).toBeGreaterThan(0);
    }
  });

  it("moves with its examples, and is 1 on the diagonal when normalised", async () => {
    const { task, kernel, xs } = await subject();
    const order = [3, 0, 4, 1, 2];
    const [plain, moved] = [await kernel({ algorithm }), await kernel({ algorithm }, takeRows(xs, order))];
    const expected = plain.map((_, at) => plain[order[Math.floor(at / 5)] * 5 + order[at % 5]]);
    expect(moved).toBeAllclose(expected, close(expected));
    const diagonal = await kernel({ algorithm, normalize: true, form: "diagonal" });
    for (let n = 0; n < 5; n++) for (let c = 0; c < C; c++) expect(diagonal[(n * 5 + n) * C + c]).toBeCloseTo(1, 12);
    expect(largest(diagonal)).toBeLessThanOrEqual(1 + 1e-12);
    expect(task.layout.size).toBeGreaterThan(50);
  });

  it("is linear in its weights, and ones change nothing", async () => {
    const { task, kernel } = await subject();
    const { size } = task.layout;
    const [a, b] = [1, 2].map((seed) => Float64Array.from({ length: size }, (_, k) => Math.sin(seed * k)));
    const plain = await kernel({ algorithm });
    expect(await kernel({ algorithm, weights: new Float64Array(size).fill(1) })).toBeAllclose(plain, close(plain));
    const [ofA, ofB] = [await kernel({ algorithm, weights: a }), await kernel({ algorithm, weights: b })];
    const added = ofA.map((value, k) => 2 * value + ofB[k]);
    expect(await kernel({ algorithm, weights: a.map((value, k) => 2 * value + b[k]) })).toBeAllclose(
      added,
      close(added),
    );
  });

  it("at two times is the transpose of the one with the times exchanged", async () => {
    const { task, params, xs, xs2 } = await subject();
    const later = params.map((value, k) => value + 0.2 * Math.cos(k));
    const at = async (first: RealArray, second: RealArray, [x, y]: readonly Tensor[]): Promise<RealArray> =>
      (await tangentKernel(task, first, x, y, { algorithm, params2: second })).kernel.data as RealArray;
    const [there, back] = [await at(params, later, [xs, xs2]), await at(later, params, [xs2, xs])];
    expect(there).toBeAllclose(
      there.map((_, k) => back[(k % 3) * 5 + Math.floor(k / 3)]),
      close(there),
    );
  });
});

describe("a frozen part", () => {
  it("leaves h . h' + 1 for the last layer, whose features are computed once", async () => {
    const { task, kernel, xs } = await subject({ trainable: ["layers.2.weight", "layers.2.bias"] });
    expect(task.split.features).toBeDefined();
    const trace = await kernel();
    const all = await subject();
    const { h } = await all.task.engine.compile(hiddenGraph(all.task)).run({
      ...viewsOf(all.task.layout, all.params),
      x: xs,
    });
    const width = h.shape[1];
    const expected = Float64Array.from({ length: 25 }, (_, at) => {
      let total = 1;
      for (let k = 0; k < width; k++)
        total += Number(h.data[Math.floor(at / 5) * width + k]) * Number(h.data[(at % 5) * width + k]);
      return C * total;
    });
    expect(trace).toBeAllclose(expected, close(expected));
  });
});

/** The head up to what its last layer reads: input 0 of its last Gemm or MatMul. */
function hiddenGraph({ split: { head } }: Task) {
  const last = head.nodes.filter(({ op }) => op === "Gemm" || op === "MatMul").at(-1) as (typeof head.nodes)[number];
  return { ...head, outputs: { h: last.inputs[0] as string } } as unknown as typeof head;
}

describe("the choice of an algorithm", () => {
  it("counts: factored for many examples, with what it would cost otherwise", async () => {
    const { task, params, xs } = await subject();
    const { algorithm, reason, flops } = await tangentKernel(task, params, xs);
    expect(algorithm).toBe("factored");
    expect(reason).toMatch(/^\d\S* GFLOP against \d/);
    expect(flops.factored as number).toBeLessThan(flops["vector-products"] as number);
  });

  it("falls on vector products where a parameter has no factored form, and says so", async () => {
    const { task, params, xs } = subjectOf(await squaredWeightsTask(CLASSES));
    const { algorithm, reason } = await tangentKernel(task, params, xs);
    expect({ algorithm, reason }).toEqual({
      algorithm: "vector-products",
      reason: "some use of a parameter has no factored form",
    });
    await expect(tangentKernel(task, params, xs, undefined, { algorithm: "factored" })).rejects.toThrow(
      new RangeError(
        "tangentKernel: algorithm factored must find a factored form of every use of a parameter, got a use without one; use vector-products",
      ),
    );
  });

  it("counts the FLOPs of the reference as n + m Jacobians and 2 n m C p", async () => {
    const { task } = await subject();
    const count = (n: number, m: number) =>
      chooseAlgorithm({ model: task, form: "trace", weighted: false }, [n, m], "auto").flops["jacobian-contraction"] ??
      Number.NaN;
    const pairs = count(10, 10) - count(10, 0) - count(0, 10) + count(0, 0);
    expect(pairs).toBe(2 * 10 * 10 * C * task.layout.size);
  });
});

describe("refused with one line", () => {
  const names = `one of blocks, diagonal, trace, readout`;
  it.each([
    [{ form: "half" as KernelForm }, `form must be ${names}, got half`],
    [
      { algorithm: "fast" as "auto" },
      "algorithm must be one of auto, factored, jacobian-contraction, vector-products, got fast",
    ],
    [{ tile: 0 }, "tile must be a whole number >= 1, got 0"],
    [{ params2: new Float64Array(3) }, "params must hold 79 numbers, got 3"],
    [{ form: "readout" }, "readouts must be given for the form readout, and for no other, got form readout"],
    [
      { readouts: [reals([5, 3], new Float64Array(15))] },
      "readouts must be given for the form readout, and for no other, got form trace",
    ],
    [
      { form: "readout", readouts: [reals([5, 2], new Float64Array(10))] },
      "readouts of side 1 must have shape [5,3], got [5,2]",
    ],
    [
      { form: "readout", readouts: [reals([5, 3], new Float64Array(15)), reals([4, 3], new Float64Array(12))] },
      "readouts of side 2 must have shape [5,3], got [4,3]",
    ],
    [{ weights: new Float64Array(4) }, "weights must hold 79 numbers, got 4"],
    [{ weights: new Float64Array(79).fill(Number.NaN) }, "weights must be finite, got NaN at element 0"],
    [
      { weights: new Float64Array(79).fill(-1), normalize: true },
      "weights of a normalised kernel must be >= 0, got -1",
    ],
  ] as readonly (readonly [TangentKernelOptions, string])[])("%j", async (options, message) => {
    const { kernel } = await subject();
    await expect(kernel(options)).rejects.toThrow(new RangeError(`tangentKernel: ${message}`));
  });
});

describe("progress and abort", () => {
  it("tells of each tile of the upper half, and stops between two with the signal's reason", async () => {
    const { kernel, task } = await subject();
    const told: string[] = [];
    const controller = new AbortController();
    const options = {
      tile: 2,
      signal: controller.signal,
      onProgress: ({ stage, done, total }: { stage: string; done: number; total: number }) => {
        told.push(`${stage} ${done}/${total}`);
        if (done === 4 && told.length > 6) controller.abort(new Error("enough"));
      },
    };
    await kernel(options);
    expect(told).toEqual([1, 2, 3, 4, 5, 6].map((done) => `kernel ${done}/6`));
    await expect(kernel(options, sliceRows(task.dataset.train.x, 0, 6))).rejects.toThrow("enough");
    expect(told).toHaveLength(10);
  });

  it("does nothing at all under an aborted signal", async () => {
    const { kernel } = await subject();
    await expect(kernel({ signal: AbortSignal.abort(new Error("never")) })).rejects.toThrow("never");
  });
});
