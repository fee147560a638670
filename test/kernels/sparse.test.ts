// Blocks from the few elements of a factor that are not zero, against sums over all positions.

import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { groupsOf } from "../../src/kernels/groups.ts";
import { sideGraph } from "../../src/kernels/parts.ts";
import { sparseBlocks, sparseCost, sparseLengths, sparseProduct } from "../../src/kernels/sparse.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { FEW_VARIANTS, tangentKernelConformance } from "../conformance/tangent-kernel.ts";
import { familyTask } from "../helpers/family-task.ts";
import { engineOf } from "../helpers/tasks.ts";

const [T, A, B, W, S] = [6, 4, 3, 2, 5];

interface Side {
  readonly count: number;
  readonly shared: Tensor<"float64">;
  readonly at: Tensor;
  readonly values: Tensor<"float64">;
}

function sideOf(count: number, seed: number): Side {
  const random = randomFrom(seed, "sparse");
  const normal = (shape: number[]) =>
    reals(
      shape,
      Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    );
  // Two positions of a column are never the same.
  const places = Array.from({ length: count * B }, () => {
    const first = Math.floor(T * random.uniform());
    return [first, (first + 1 + Math.floor((T - 1) * random.uniform())) % T];
  });
  const { data } = integers([count, B, W], places.flat());
  const at = { dtype: "int32", shape: [count, B, W], data: Int32Array.from(data, Number) } as Tensor;
  return { count, shared: normal([count, T, A]), at, values: normal([count, S, B, W]) };
}

/** The product of both factors, [n][s][b * A + a], one position after another. */
function products({ count, shared, at, values }: Side): number[][][] {
  return Array.from({ length: count }, (_, n) =>
    Array.from({ length: S }, (_, s) => {
      const whole = new Array<number>(B * A).fill(0);
      for (let b = 0; b < B; b++)
        for (let w = 0; w < W; w++)
          for (let a = 0; a < A; a++) {
            const t = Number(at.data[(n * B + b) * W + w]);
            whole[b * A + a] += values.data[((n * S + s) * B + b) * W + w] * shared.data[(n * T + t) * A + a];
          }
      return whole;
    }),
  );
}

const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, k) => sum + value * y[k], 0);

function inputsOf(b: GraphBuilder, prefix: string, count: number) {
  return {
    shared: b.input(`${prefix}.shared`, "real", [count, T, A]),
    at: b.input(`${prefix}.at`, "int32", [count, B, W]),
    values: b.input(`${prefix}.values`, "real", [count, S, B, W]),
  };
}
const feedsOf = (prefix: string, { shared, at, values }: Side) => ({
  [`${prefix}.shared`]: shared,
  [`${prefix}.at`]: at,
  [`${prefix}.values`]: values,
});

const [x, y] = [sideOf(3, 1), sideOf(2, 2)];

describe("sparseBlocks(b, x, y)", () => {
  it("gives the inner products of the derivatives of both sides", async () => {
    const b = new GraphBuilder();
    const graph = b.build({ k: sparseBlocks(b, inputsOf(b, "x", 3), inputsOf(b, "y", 2)) });
    const { k } = await (await engineOf("float64")).compile(graph).run({ ...feedsOf("x", x), ...feedsOf("y", y) });
    const expected = products(x).flatMap((own) =>
      products(y).flatMap((others) => own.flatMap((p) => others.map((q) => dot(p, q)))),
    );
    expect(k).toBeAllclose(reals([3, 2, S, S], expected), { atol: 1e-12 });
  });
});

describe("sparseLengths(b, side)", () => {
  it("gives the squared length of each derivative", async () => {
    const b = new GraphBuilder();
    const graph = b.build({ lengths: sparseLengths(b, inputsOf(b, "x", 3)) });
    const { lengths } = await (await engineOf("float64")).compile(graph).run(feedsOf("x", x));
    const expected = products(x).flatMap((own) => own.map((p) => dot(p, p)));
    expect(lengths).toBeAllclose(reals([3, S], expected), { atol: 1e-12 });
  });
});

describe("sparseProduct(b, shared, sparse, seeds)", () => {
  it("multiplies the factors out, the seeds of an example one after another", async () => {
    const b = new GraphBuilder();
    const shared = b.input("shared", "real", ["N", T, A]);
    const at = b.input("at", "int32", ["N", B, W]);
    const values = b.input("values", "real", [`${S}N`, B, W]);
    const graph = b.build({ whole: sparseProduct(b, shared, { values, at }, S) });
    const flat = reals([3 * S, B, W], x.values.data);
    const { whole } = await (await engineOf("float64"))
      .compile(graph)
      .run({ shared: x.shared, at: x.at, values: flat });
    expect(whole).toBeAllclose(reals([3, S * B, A], products(x).flat(2)), { atol: 1e-12 });
  });
});

describe("sparseCost", () => {
  it("is less than that of products multiplied out for many columns and few windows", () => {
    // The third convolution of the MNIST CNN, and its second.
    expect(sparseCost({ T: 36, W: 9, A: 288, B: 64, S: 10 })).toBeLessThan(288 * 64 * 100);
    expect(sparseCost({ T: 196, W: 49, A: 144, B: 32, S: 10 })).toBeGreaterThan(144 * 32 * 100);
  });
});

/** Its second convolution has four positions, of which one wins. */
const network = () => familyTask("cnn:4,16:8", [1, 4, 4], "float64");

describe("sideGraph of a convolutional network", () => {
  it.each([
    ["blocks", "sparse"],
    ["trace", "outer"],
  ] as const)("keeps for the form %s what its last convolution has as %s", async (form, kind) => {
    const { task } = await network();
    const side = sideGraph(task, { form, weighted: false, groups: groupsOf(task.layout, undefined) });
    const kinds = side?.parts.flatMap((part) => (part.parameter === "convolutions.1.weight" ? [part.kind] : []));
    expect(kinds).toEqual([kind]);
  });
});

tangentKernelConformance("a convolutional network with few positions before its last pool", "factored", network, {
  ...FEW_VARIANTS,
  forms: ["blocks"],
});
