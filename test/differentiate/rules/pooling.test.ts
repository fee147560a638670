// Maxima with ties and padding: who wins, in every form that the rules have, against plain loops.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jvp } from "../../../src/differentiate/forward.ts";
import { operatorRules } from "../../../src/differentiate/registry.ts";
import { vjp } from "../../../src/differentiate/reverse.ts";
import { type Engine, openEngine } from "../../../src/engine/engine.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Attributes } from "../../../src/graph/types.ts";
import { sizeOf, type Tensor, tensor } from "../../../src/numeric/tensor.ts";
import { spread } from "../../conformance/operator-case.ts";

let engine: Engine;
beforeAll(async () => {
  // float32, where sums with the number that stands for padding could overflow.
  engine = await openEngine({ dtype: "float32" });
});
afterAll(() => engine.release());

interface Pool {
  readonly size: readonly [number, number];
  readonly kernel_shape: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly pads?: readonly number[];
  readonly ceil_mode?: number;
}

const POOLS: readonly (readonly [string, Pool])[] = [
  ["tiles", { size: [4, 6], kernel_shape: [2, 2], strides: [2, 2] }],
  ["tiles with a rest", { size: [5, 8], kernel_shape: [2, 3], strides: [2, 3] }],
  ["tiles of a whole axis", { size: [4, 3], kernel_shape: [1, 3], strides: [1, 3] }],
  ["overlapping", { size: [5, 5], kernel_shape: [3, 3], strides: [1, 1] }],
  ["padded", { size: [5, 6], kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ["dilated", { size: [6, 6], kernel_shape: [2, 2], strides: [1, 2], dilations: [2, 3] }],
  ["hanging over the end", { size: [5, 5], kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }],
];

const [N, C] = [2, 3];

/** Index (within one channel) of the first maximum of each window of one channel. */
function firstMaxima(x: ArrayLike<number>, offset: number, pool: Pool, counts: readonly number[]): number[] {
  const { size, kernel_shape: kernel, strides, dilations = [1, 1], pads = [0, 0] } = pool;
  const found: number[] = [];
  for (let p = 0; p < counts[0]; p++) {
    for (let q = 0; q < counts[1]; q++) {
      let best = -1;
      for (let i = 0; i < kernel[0]; i++) {
        for (let j = 0; j < kernel[1]; j++) {
          const [row, column] = [
            p * strides[0] + i * dilations[0] - pads[0],
            q * strides[1] + j * dilations[1] - pads[1],
          ];
          if (row < 0 || row >= size[0] || column < 0 || column >= size[1]) continue;
          const at = row * size[1] + column;
          if (best < 0 || x[offset + at] > x[offset + best]) best = at;
        }
      }
      found.push(best);
    }
  }
  return found;
}

/** The pool with both derivatives and its switching functions. */
function compile(pool: Pool) {
  const { size, ...attributes } = pool;
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", C, ...size]);
  const [y, indices] = b.ops("MaxPool", [x], attributes as unknown as Attributes);
  const [u, t] = [b.input("u", "real", y.shape), b.input("t", "real", x.shape)];
  const [pulled] = vjp(b, [{ value: y, cotangent: u }], [x]);
  const [pushed] = jvp(b, [{ value: x, tangent: t }], [y]);
  const node = {
    b,
    op: "MaxPool",
    inputs: [x],
    outputs: [y, indices],
    attributes: attributes as unknown as Attributes,
  };
  const [switches] = operatorRules.get("MaxPool")!.switches!(node);
  const program = engine.compile(b.build({ pulled: pulled!, pushed: pushed!, switches }));
  const shapeOf = (shape: readonly unknown[]): number[] => [N, ...(shape.slice(1) as number[])];
  return { program, xShape: shapeOf(x.shape), yShape: shapeOf(y.shape) };
}

const single = (shape: readonly number[], values: readonly number[]): Tensor =>
  tensor("float32", shape, Float32Array.from(values));

describe.each(POOLS)("MaxPool, %s", (_title, pool) => {
  const run = async (values: (size: number) => readonly number[]) => {
    const { program, xShape, yShape } = compile(pool);
    const x = values(sizeOf(xShape));
    const [u, t] = [spread(sizeOf(yShape), 1, 2), spread(sizeOf(xShape), -1, 1, 2)];
    const found = await program.run({ x: single(xShape, x), u: single(yShape, u), t: single(xShape, t) });
    const [channel, windows] = [sizeOf(pool.size), sizeOf(yShape.slice(2))];
    const winners = Array.from({ length: N * C }, (_, k) => {
      return firstMaxima(x, k * channel, pool, yShape.slice(2)).map((at) => k * channel + at);
    }).flat();
    return { found, u, t, winners, windows, size: sizeOf(xShape) };
  };

  it("passes cotangents to the first of equal maxima, and takes tangents from there", async () => {
    const { found, u, t, winners, size } = await run((length) => spread(length, 0, 3).map(Math.floor));
    const wanted = new Float32Array(size);
    winners.forEach((at, k) => {
      wanted[at] += u[k];
    });
    // Sums of at most nine cotangents in float32.
    expect(found.pulled).toBeAllclose(wanted, { atol: 1e-5 });
    expect(found.pushed.data).toEqual(Float32Array.from(winners, (at) => t[at]));
  });

  it("has switching functions that change their signs exactly where a winner changes", async () => {
    const runs = [0, 1, 2, 3].map((salt) => run((length) => spread(length, -4, 1, salt)));
    const results = await Promise.all(runs);
    // Pools of one example: functions lie as (N, taps - 1, windows of an example).
    const taps = sizeOf(pool.kernel_shape) - 1;
    const signsOf = ({ found, winners }: (typeof results)[number]) => {
      const perExample = winners.length / N;
      return winners.map((_, k) => {
        const [n, window] = [Math.floor(k / perExample), k % perExample];
        const at = (tap: number): number => found.switches.data[(n * taps + tap) * perExample + window] as number;
        return Array.from({ length: taps }, (_, tap) => Math.sign(at(tap))).join();
      });
    };
    for (const result of results)
      expect(result.found.switches.data.every((v) => Number.isFinite(v as number))).toBe(true);
    const base = signsOf(results[0]);
    for (const other of results.slice(1)) {
      const changed = signsOf(other).map((signs, k) => signs !== base[k]);
      expect(changed).toEqual(other.winners.map((at, k) => at !== results[0].winners[k]));
      expect(changed.some(Boolean)).toBe(true);
    }
  });
});
