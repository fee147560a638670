// Shapes of convolutions and pools against those that the engine gives, and what is refused.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/engine.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { resolveDim, type Shape } from "../../../src/graph/dim.ts";
import type { Attributes } from "../../../src/graph/types.ts";
import { tensor } from "../../../src/numeric/tensor.ts";
import { errorOf } from "../../helpers/errors.ts";

let engine: Engine;
beforeAll(async () => {
  // In float32 the operators run as they are, in float64 some are composed of others.
  engine = await openEngine({ dtype: "float32" });
});
afterAll(() => engine.release());

const BATCH = 2;

function outputs(op: string, shapes: readonly Shape[], attributes: Attributes) {
  const b = new GraphBuilder();
  const inputs = shapes.map((shape, i) => b.input(`x${i}`, "real", shape));
  return { b, values: b.ops(op, inputs, attributes) };
}

async function expectEngineAgrees(op: string, shapes: readonly Shape[], attributes: Attributes): Promise<void> {
  const { b, values } = outputs(op, shapes, attributes);
  const graph = b.build(Object.fromEntries(values.map((value, i) => [`y${i}`, value])));
  const feeds = shapes.map((shape, i) => {
    const dims = shape.map((dim) => resolveDim(dim, BATCH));
    const size = dims.reduce((p, q) => p * q, 1);
    return [`x${i}`, tensor("float32", dims, new Float32Array(size))] as const;
  });
  const found = await engine.compile(graph).run(Object.fromEntries(feeds));
  values.forEach((value, i) => {
    expect(value.shape.map((dim) => resolveDim(dim, BATCH))).toEqual(found[`y${i}`].shape);
    expect(value.dtype).toBe(i === 0 ? "real" : "int64");
  });
}

describe("convolutions", () => {
  it.each([
    [{}],
    [{ pads: [1, 0, 2, 3] }],
    [{ strides: [2, 3] }],
    [{ strides: [2, 3], pads: [0, 1, 1, 1] }],
    [{ dilations: [2, 1], kernel_shape: [2, 3] }],
    [{ group: 2, strides: [3, 1] }],
  ])("Conv with %j", (attributes) =>
    expectEngineAgrees(
      "Conv",
      [["N", 4, 6, 7], [6, 4 / ((attributes as { group?: number }).group ?? 1), 2, 3], [6]],
      attributes,
    ),
  );

  it.each([
    [{}],
    [{ pads: [1, 0, 0, 1] }],
    [{ strides: [2, 3] }],
    [{ strides: [2, 3], pads: [1, 1, 0, 1], output_padding: [1, 2] }],
    [{ dilations: [2, 1] }],
    [{ group: 2, strides: [2, 1] }],
  ])("ConvTranspose with %j", (attributes) =>
    expectEngineAgrees(
      "ConvTranspose",
      [
        ["N", 4, 3, 4],
        [4, 3, 2, 3],
      ],
      attributes,
    ),
  );

  it("one and three spatial axes, and multiples of the batch axis", async () => {
    await expectEngineAgrees(
      "Conv",
      [
        ["N", 2, 7],
        [3, 2, 3],
      ],
      { strides: [2], pads: [1, 1] },
    );
    await expectEngineAgrees(
      "Conv",
      [
        ["3N", 2, 4, 3, 5],
        [3, 2, 2, 1, 2],
      ],
      { strides: [1, 2, 2] },
    );
    await expectEngineAgrees(
      "ConvTranspose",
      [
        ["3N", 2, 2, 3, 2],
        [2, 1, 2, 2, 2],
      ],
      { strides: [2, 1, 1] },
    );
  });
});

describe("pools", () => {
  const sizes = [4, 5, 6, 7];
  const windows: readonly Attributes[] = [
    { kernel_shape: [2], strides: [2] },
    { kernel_shape: [3], strides: [2] },
    { kernel_shape: [3], strides: [2], pads: [1, 1] },
    { kernel_shape: [2], strides: [3], pads: [1, 1] },
    { kernel_shape: [2], strides: [2], pads: [1, 0] },
    { kernel_shape: [1], strides: [3] },
    { kernel_shape: [2], strides: [3], pads: [0, 1] },
    { kernel_shape: [2], dilations: [2] },
  ];
  const cases = sizes.flatMap((size) =>
    windows.flatMap((w) => [0, 1].map((ceil_mode) => ({ size, w: { ...w, ceil_mode } }))),
  );

  it("MaxPool has the engine's number of windows, hanging over the end or not", async () => {
    for (const { size, w } of cases) await expectEngineAgrees("MaxPool", [["N", 2, size]], w);
  });

  it("AveragePool has the same", async () => {
    const undilated = cases.filter(({ w }) => !("dilations" in w));
    for (const { size, w } of undilated) await expectEngineAgrees("AveragePool", [["N", 2, size]], w);
  });

  it("GlobalAveragePool leaves one element a channel", async () => {
    await expectEngineAgrees("GlobalAveragePool", [["N", 3, 4, 5]], {});
    await expectEngineAgrees("GlobalAveragePool", [["N", 3, 4]], {});
  });
});

describe("refusals say what must hold", () => {
  const image: Shape = ["N", 4, 5, 5];
  it.each([
    [
      "Conv",
      [image, [2, 3, 3, 3]],
      {},
      "ShapeMismatchError: Conv([N, 4, 5, 5], [2, 3, 3, 3]): the input must have the weight's channels (3 x 1 groups), got 4",
    ],
    [
      "Conv",
      [image, [3, 2, 3, 3]],
      { group: 2 },
      "ShapeMismatchError: Conv([N, 4, 5, 5], [3, 2, 3, 3]): 3 must be a multiple of 2",
    ],
    [
      "Conv",
      [image, [2, 4, 3]],
      {},
      "ShapeMismatchError: Conv([N, 4, 5, 5], [2, 4, 3]): input and weight must have one rank, got 4 and 3",
    ],
    [
      "Conv",
      [image, [2, 4, 7, 3]],
      {},
      "ShapeMismatchError: Conv([N, 4, 5, 5], [2, 4, 7, 3]): a window of 7 must fit into the padded axis of 5",
    ],
    [
      "Conv",
      [image, [2, 4, 3, 3], [3]],
      {},
      "ShapeMismatchError: Conv([N, 4, 5, 5], [2, 4, 3, 3], [3]): the bias must have shape [2], got [3]",
    ],
    [
      "Conv",
      [image, [2, 4, 3, 3]],
      { strides: [1] },
      "ShapeMismatchError: Conv([N, 4, 5, 5], [2, 4, 3, 3]): strides must hold 2 numbers, got [1]",
    ],
    [
      "Conv",
      [image, [2, 4, 3, 3]],
      { kernel_shape: [3, 2] },
      "ShapeMismatchError: Conv([N, 4, 5, 5], [2, 4, 3, 3]): kernel_shape must be the weight's [3,3], got [3,2]",
    ],
    [
      "Conv",
      [image, [2, 4, 3, 3]],
      { auto_pad: "SAME_UPPER" },
      "UnsupportedError: auto_pad must be resolved to pads, got SAME_UPPER",
    ],
    [
      "ConvTranspose",
      [image, [3, 2, 3, 3]],
      {},
      "ShapeMismatchError: ConvTranspose([N, 4, 5, 5], [3, 2, 3, 3]): input and weight must have one number of channels, got 4 and 3",
    ],
    [
      "ConvTranspose",
      [image, [4, 2, 3, 3]],
      { output_padding: [1, 0] },
      "ShapeMismatchError: ConvTranspose([N, 4, 5, 5], [4, 2, 3, 3]): output_padding must be smaller than the strides [1,1], got [1,0]",
    ],
    [
      "MaxPool",
      [image],
      {},
      "ShapeMismatchError: MaxPool([N, 4, 5, 5]): kernel_shape must hold 2 numbers, got nothing",
    ],
    [
      "MaxPool",
      [image],
      { kernel_shape: [2, 2], pads: [2, 0, 0, 0] },
      "ShapeMismatchError: MaxPool([N, 4, 5, 5]): pads must be smaller than the kernel [2,2], got [2,0,0,0]",
    ],
    [
      "MaxPool",
      [image],
      { kernel_shape: [2, 2], storage_order: 1 },
      "UnsupportedError: MaxPool with column-major indices is not supported (export with storage_order 0)",
    ],
    [
      "MaxPool",
      [["N", 4]],
      { kernel_shape: [] },
      "ShapeMismatchError: MaxPool([N, 4]): the input must have axes (N, C, ...spatial), got rank 2",
    ],
    [
      "AveragePool",
      [[4, 1, "N"]],
      { kernel_shape: [2] },
      "ShapeMismatchError: AveragePool([4, 1, N]): a spatial axis must not depend on the batch size, got N",
    ],
  ] as readonly (readonly [string, readonly Shape[], Attributes, string])[])(
    "%s of %j with %j",
    async (op, shapes, attributes, message) => {
      expect(await errorOf(() => outputs(op, shapes, attributes))).toBe(message);
    },
  );
});
