// Inner products by factors against the same derivatives multiplied out.

import { describe, expect, it } from "vitest";
import type { Factor } from "../../src/differentiate/factor.ts";
import { multiplied } from "../../src/differentiate/factored.ts";
import { factorOf, factorValues, paired } from "../../src/differentiate/paired.ts";
import type { Use } from "../../src/differentiate/per-example.ts";
import { NO_PRELUDE } from "../../src/differentiate/prelude.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph, Value } from "../../src/graph/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { engineOf } from "../helpers/tasks.ts";

const [N, M] = [3, 2];

/** A factor of `count` examples, made of inputs `SIDE.k`. */
type Make = (b: GraphBuilder, side: string, count: number | "N") => Factor;

const outer =
  (steps: number, a: number, c: number): Make =>
  (b, side, count) => ({
    kind: "outer",
    left: b.input(`${side}.0`, "real", [count, steps, a]),
    right: b.input(`${side}.1`, "real", [count, steps, c]),
    inner: [a, c],
    perm: [0, 1],
  });
const rows =
  (steps: number, size: number, count_: number): Make =>
  (b, side, count) => ({
    kind: "rows",
    indices: b.input(`${side}.0`, "int64", [count, steps]),
    right: b.input(`${side}.1`, "real", [count, steps, size]),
    rows: count_,
    inner: [size],
  });
const dense: Make = (b, side, count) => ({ kind: "dense", value: b.input(`${side}.0`, "real", [count, 4]) });

function graphOf(make: Make, how: "paired" | "multiplied"): Graph {
  const b = new GraphBuilder();
  const w = b.input("w", "real", [1]);
  const [x, y] = [make(b, "x", "N"), make(b, "y", M)];
  const use = (factor: Factor): Use => ({ parameter: w, prelude: NO_PRELUDE, factor });
  if (how === "paired") return b.build({ k: paired(b, [[use(x), use(y)]]) as Value });
  const flat = (factor: Factor): Value => b.op("Flatten", [multiplied(b, factor)]);
  return b.build({ k: b.op("Gemm", [flat(x), flat(y)], { transB: 1 }) });
}

function feedsOf(graph: Graph): Record<string, Tensor> {
  const random = randomFrom(2, "factors");
  const feeds: Record<string, Tensor> = { w: reals([1], [0]) };
  for (const name of graph.inputs.filter((input) => input !== "w")) {
    const { dtype, shape } = graph.values.get(name)!;
    const sizes = shape.map((axis) => (axis === "N" ? N : (axis as number)));
    const size = sizes.reduce((product, axis) => product * axis, 1);
    // Row numbers, some of them counted from the end, many of them met on both sides.
    feeds[name] =
      dtype === "int64"
        ? integers(
            sizes,
            Array.from({ length: size }, () => random.integer(8) - 4),
          )
        : reals(
            sizes,
            Float64Array.from({ length: size }, () => random.normal()),
          );
  }
  return feeds;
}

const cases: readonly (readonly [string, Make, string])[] = [
  ["outer products at one position", outer(1, 5, 3), "contracted"],
  ["outer products of large factors at a few positions", outer(2, 20, 20), "contracted"],
  ["outer products of small factors at many positions", outer(6, 3, 2), "multiplied"],
  ["rows of a large table", rows(3, 5, 40), "contracted"],
  ["rows of a small table", rows(3, 5, 4), "multiplied"],
  ["derivatives that are small already", dense, "multiplied"],
];

describe("paired(b, pairs)", () => {
  it.each(cases)("gives the inner products of %s", async (_label, make, how) => {
    const [graph, reference] = [graphOf(make, "paired"), graphOf(make, "multiplied")];
    const engine = await engineOf("float64");
    const feeds = feedsOf(reference);
    const [{ k }, { k: expected }] = [
      await engine.compile(graph).run(feeds),
      await engine.compile(reference).run(feeds),
    ];
    expect(k.shape).toEqual([N, M]);
    expect(k.data as Float64Array).toBeAllclose(expected.data as Float64Array, { atol: 1e-12, rtol: 1e-12 });
    expect((expected.data as Float64Array).some((value) => value !== 0)).toBe(true);
    // Multiplying out is a batch of products or a scattering.
    const ops = graph.nodes.map(({ op }) => op);
    const forms = ops.includes("MatMul") || ops.includes("ScatterElements") || make === dense;
    expect(forms).toBe(how === "multiplied");
  });
});

it("the values of a factor make the factor again", () => {
  for (const [, make] of cases) {
    const b = new GraphBuilder();
    const factor = make(b, "x", "N");
    expect(factorOf(factor, factorValues(factor))).toEqual(factor);
  }
});
