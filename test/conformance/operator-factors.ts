// Per-example factors against their definition: the reverse rule on each example alone.

import { expect } from "vitest";
import { multiplied } from "../../src/differentiate/factored.ts";
import { operatorRules } from "../../src/differentiate/registry.ts";
import { vjp } from "../../src/differentiate/reverse.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { isBatch, resolveDim, type Shape } from "../../src/graph/dim.ts";
import type { Value } from "../../src/graph/types.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { BATCH_SIZE, type OperatorCase, spread } from "./operator-case.ts";
import { type BuiltCase, buildCase } from "./operator-graph.ts";

// Sums over the same numbers in another order.
const TOLERANCE = 1e-12;

/** The factor of each input that does not depend on the examples, where the operator has one. */
export function factorsOf({ b, inputs, outputs, positions }: BuiltCase, c: OperatorCase, cotangent: Value) {
  const rule = operatorRules.get(c.op)?.factor;
  if (!rule || !outputs[0].shape.some(isBatch)) return [];
  const fixed = positions.filter((i) => !inputs[i]!.shape.some(isBatch));
  return fixed.flatMap((i) => {
    const node = { op: c.op, inputs, outputs, attributes: c.attributes ?? {}, b };
    const factor = rule(node, i, cotangent);
    return factor ? [{ i, factor }] : [];
  });
}

/** Example n of an array, whose batch axis becomes that of N = 1. */
function example(t: Tensor, shape: Shape, n: number): Tensor {
  const axis = shape.findIndex(isBatch);
  if (axis < 0) return t;
  const rows = t.shape[axis] / BATCH_SIZE;
  const inner = t.shape.slice(axis + 1).reduce((p, q) => p * q, 1);
  const block = rows * inner;
  const kept = [...t.data].filter((_, i) => Math.floor(i / block) % BATCH_SIZE === n) as number[];
  return {
    ...t,
    shape: t.shape.with(axis, rows),
    data: (t.data.constructor as typeof Float64Array).from(kept),
  } as Tensor;
}

export async function checkFactors(engine: Engine, c: OperatorCase): Promise<void> {
  const built = buildCase(c);
  const { b, outputs, inputs } = built;
  if (outputs[0].dtype !== "real" || !outputs[0].shape.some(isBatch)) return;
  const u = b.input("u", "real", outputs[0].shape);
  const factors = factorsOf(built, c, u);
  if (factors.length === 0) return;
  const named: Record<string, Value> = {};
  for (const { i, factor } of factors) {
    named[`rows ${i}`] = multiplied(b, factor);
    named[`alone ${i}`] = vjp(b, [{ value: outputs[0], cotangent: u }], [inputs[i]!])[0]!;
  }
  const program = engine.compile(b.build(named));
  const shape = u.shape.map((dim) => resolveDim(dim, BATCH_SIZE));
  const feeds: Record<string, Tensor> = {
    u: reals(
      shape,
      spread(
        shape.reduce((p, q) => p * q, 1),
        -1,
        1,
        5,
      ),
    ),
  };
  for (const name of program.graph.inputs) if (name !== "u") feeds[name] = c.inputs[Number(name.slice(1))]!.data;
  const all = await program.run(feeds);
  for (let n = 0; n < BATCH_SIZE; n++) {
    const single = Object.entries(feeds).map(([name, t]) => {
      const declared = program.graph.values.get(name)!.shape;
      return [name, example(t, declared, n)];
    });
    const alone = await program.run(Object.fromEntries(single));
    for (const { i } of factors) {
      const rows = all[`rows ${i}`];
      expect(rows.shape, `shape of the derivatives of input ${i}`).toEqual([BATCH_SIZE, ...c.inputs[i]!.data.shape]);
      const size = rows.data.length / BATCH_SIZE;
      const row = (rows.data as Float64Array).subarray(n * size, (n + 1) * size);
      expect(row, `factor ${i}, example ${n}`).toBeAllclose(alone[`alone ${i}`] as { data: Float64Array }, {
        atol: TOLERANCE,
        rtol: TOLERANCE,
      });
    }
  }
}
