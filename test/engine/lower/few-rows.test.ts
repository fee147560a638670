// Products of few rows with large matrices are taken the other way round, and are the same.

import { expect, it } from "vitest";
import { lowerGraph } from "../../../src/engine/lower/lower.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Shape } from "../../../src/graph/dim.ts";
import type { Graph } from "../../../src/graph/types.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import { tensor } from "../../../src/numeric/tensor.ts";
import { engineOf } from "../../helpers/tasks.ts";

interface Product {
  readonly x: Shape;
  readonly y: Shape;
  readonly addend?: Shape;
  readonly attributes?: Readonly<Record<string, number>>;
}

function graphOf({ x, y, addend, attributes = { transB: 1 } }: Product): Graph {
  const b = new GraphBuilder();
  const inputs = [b.input("x", "real", x), b.input("y", "real", y), ...(addend ? [b.input("c", "real", addend)] : [])];
  return b.build({ z: b.op("Gemm", inputs, attributes) });
}

const opsOf = (product: Product, dtype: "float32" | "float64" = "float32"): string[] =>
  lowerGraph(graphOf(product), { dtype, channelBlock: 1 }).nodes.map(({ op }) => op);

const large = [512, 600];
const few: Product = { x: [8, 600], y: large, addend: [512], attributes: { transB: 1, alpha: 0.5, beta: -2 } };

it("8 to 48 rows are turned round where the matrix has 512 rows and columns, in float32", () => {
  expect(opsOf(few)).toEqual(["Unsqueeze", "Gemm", "Transpose"]);
  expect(opsOf({ x: [48, 600], y: large })).toEqual(["Gemm", "Transpose"]);
  expect(opsOf(few, "float64")).toEqual(["Gemm"]);
  for (const other of [
    { x: [7, 600], y: large },
    { x: [49, 600], y: large },
    { x: ["N", 600], y: large },
    { x: [8, 600], y: [511, 600] },
    { x: [8, 511], y: [512, 511] },
    { x: [8, 600], y: large, addend: [8, 1] },
    { x: [8, 600], y: large, addend: [] },
    { x: [8, 600], y: [600, 512], attributes: {} },
    { x: [600, 8], y: large, attributes: { transA: 1, transB: 1 } },
  ] as Product[])
    expect(opsOf(other)).not.toContain("Unsqueeze");
});

it("the product is the same", async () => {
  const random = randomFrom(1, "few rows");
  const filled = (shape: readonly number[]) =>
    tensor(
      "float32",
      shape,
      Float32Array.from({ length: shape.reduce((p, q) => p * q, 1) }, () => random.normal()),
    );
  const engine = await engineOf("float32");
  for (const product of [few, { x: [8, 600], y: large }] as Product[]) {
    const { alpha = 1, beta = 1 } = product.attributes ?? {};
    const [x, y, c] = [filled([8, 600]), filled([512, 600]), filled([512])];
    const { z } = await engine.compile(graphOf(product)).run({ x, y, ...(product.addend && { c }) });
    const expected = Float64Array.from({ length: 8 * 512 }, (_, at) => {
      const [i, j] = [Math.floor(at / 512), at % 512];
      let sum = 0;
      for (let k = 0; k < 600; k++) sum += x.data[i * 600 + k] * y.data[j * 600 + k];
      return alpha * sum + (product.addend ? beta * c.data[j] : 0);
    });
    expect(z.shape).toEqual([8, 512]);
    expect(z.data as Float32Array).toBeAllclose(expected, { atol: 1e-4, rtol: 1e-4 });
  }
});
