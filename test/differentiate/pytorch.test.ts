// Values and gradients of every operator that PyTorch has, against PyTorch (fixtures/operators, written by scripts/fixtures.py).

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vjp } from "../../src/differentiate/reverse.ts";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { converters } from "../../src/graph/onnx/converters/registry.ts";
import { shapeRules } from "../../src/graph/shapes/registry.ts";
import type { Value } from "../../src/graph/types.ts";
import type { Tensor } from "../../src/numeric/tensor.ts";
import { inputOf, type OperatorCase, readFixture, relativeError } from "../helpers/fixtures.ts";

// Both sides round in float64 and add in another order: 1e-15 times the number of terms.
const TOLERANCE = 1e-12;
const GELU_OPSET = 20;

const fixture = readFixture("operators");
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ dtype: "float64" });
});
afterAll(() => engine.release());

/** The operator as it is, or as the reader composes it from others (Gelu). */
function apply(b: GraphBuilder, { op, attributes }: OperatorCase, inputs: (Value | undefined)[]): readonly Value[] {
  if (shapeRules.has(op)) return b.ops(op, inputs, attributes);
  const node = { b, op, opset: GELU_OPSET, inputs, attributes, outputsRead: [true], freedBatch: false, note: () => {} };
  return converters.get(op)!(node);
}

/** Builds the operator and its gradients, and gives what the engine computes for them. */
async function run(c: OperatorCase): Promise<Record<string, Tensor>> {
  const b = new GraphBuilder();
  const feeds: Record<string, Tensor> = {};
  const inputs = c.inputs.map((description, i) => {
    const data = inputOf(fixture, description);
    if (!data || !c.gradients[i]) return data && b.constant(data);
    feeds[`x${i}`] = data;
    return b.input(`x${i}`, "real", data.shape);
  });
  const outputs = apply(b, c, inputs);
  const seeds = c.cotangents.map((key, k) => {
    feeds[`u${k}`] = fixture.real(key);
    return { value: outputs[k], cotangent: b.input(`u${k}`, "real", feeds[`u${k}`].shape) };
  });
  const roots = [...inputs.keys()].filter((i) => c.gradients[i]);
  const named: Record<string, Value> = {};
  c.outputs.forEach((key, k) => {
    named[key] = outputs[k];
  });
  vjp(
    b,
    seeds,
    roots.map((i) => inputs[i]!),
  ).forEach((gradient, n) => {
    if (gradient) named[c.gradients[roots[n]]!] = gradient;
  });
  return engine.compile(b.build(named)).run(feeds);
}

describe.each([...new Set(fixture.description.cases.map((c) => c.op))])("%s", (op) => {
  it.each(fixture.description.cases.filter((c) => c.op === op))("agrees with PyTorch: $name", async (c) => {
    const found = await run(c);
    for (const key of [...c.outputs, ...c.gradients]) {
      if (key === null) continue;
      const { data, shape } = fixture.real(key);
      expect(found[key].shape, `shape of ${key}`).toEqual(shape);
      expect(relativeError(found[key].data as Float64Array, data), key).toBeLessThan(TOLERANCE);
    }
  });
});
