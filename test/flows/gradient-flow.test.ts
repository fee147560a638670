// Flows against closed forms, against training with small steps, and against their own theorems.

import { describe, expect, it } from "vitest";
import type { Dynamics } from "../../src/flows/dynamics.ts";
import { flowFields } from "../../src/flows/field.ts";
import { gradientFlow } from "../../src/flows/gradient-flow.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { type SmallTaskOptions, smallTask, withOptimizer } from "../helpers/tasks.ts";

const small = (options: SmallTaskOptions = {}) =>
  smallTask({ hidden: [4], examples: 6, queries: 2, loss: "half-mse", ...options });

const cosine = (t: number): number => 0.1 + 0.45 * (1 + Math.cos(Math.PI * t));

const kinds: readonly (readonly [string, Dynamics])[] = [
  ["gradient", { kind: "gradient" }],
  ["gradient with a cosine rate", { kind: "gradient", rate: cosine }],
  ["momentum", { kind: "momentum", lambda: 5 }],
  ["rmsprop", { kind: "rmsprop", rho: 2, epsilon: 0.1 }],
  ["adam", { kind: "adam", c1: 5, c2: 2, epsilon: 0.1 }],
];

describe("gradientFlow(fields, options)", () => {
  it("of one example of a linear model decays as e^(-K t)", async () => {
    const { task, params } = await small({ hidden: [], examples: 1 });
    const { x, y } = task.dataset.train;
    const { output, prior } = await gradientFlow(await flowFields(task, x), { params, time: 2, pieces: 100 });
    const K = 1 + Array.from(x.data, Number).reduce((total, value) => total + value * value, 0);
    expect(output[0]).toBeAllclose(Number(y.data[0]) + (prior[0] - Number(y.data[0])) * Math.exp(-2 * K));
  });

  it.each(kinds)("sums its kernel integrals to the change of the output at order 2: %s", async (_, dynamics) => {
    const { task, params } = await small();
    const errors: number[] = [];
    for (const pieces of [40, 80]) {
      const flow = await gradientFlow(await flowFields(task, task.dataset.test.x), {
        params,
        time: 1,
        pieces,
        dynamics,
      });
      expect(largest(flow.output.map((value, r) => value - flow.prior[r]))).toBeGreaterThan(0.05);
      errors.push(largest(flow.residual));
    }
    expect(Math.abs(Math.log2(errors[0] / errors[1]) - 2)).toBeLessThan(0.3);
  });

  it("treats every output element as a row", async () => {
    const { task, params } = await small({ loss: "cross-entropy" });
    const { contributions, residual } = await gradientFlow(await flowFields(task, task.dataset.test.x), {
      params,
      time: 1,
      pieces: 40,
    });
    expect([contributions.length, residual.length]).toEqual([6 * 6, 6]);
    expect(largest(residual)).toBeLessThan(1e-3 * largest(contributions));
  });

  // eta of the averaging form is lr (1 - beta) of PyTorch's momentum, with dampening 0.
  it.each([
    ["gd", () => ({}), { kind: "gradient" }],
    ["momentum", (eta: number) => ({ momentum: 1 - 5 * eta, scale: 5 * eta }), { kind: "momentum", lambda: 5 }],
    [
      "adam",
      (eta: number) => ({ betas: [1 - 5 * eta, 1 - 2 * eta] as const, eps: 0.1 }),
      { kind: "adam", c1: 5, c2: 2, epsilon: 0.1 },
    ],
  ] as const)("is what training by %s tends to", async (name, optionsAt, dynamics) => {
    const { task, params } = await small();
    const fields = await flowFields(task, task.dataset.test.x);
    const { state } = await gradientFlow(fields, { params, time: 1, pieces: 100, dynamics });
    const away: number[] = [];
    for (const steps of [50, 100]) {
      const { scale = 1, ...options } = optionsAt(1 / steps) as { scale?: number };
      const { batches } = await small({ optimizer: { label: "gd", name: "gd", options: { lr: 1 } }, steps });
      const trainer = withOptimizer(task, name, { ...options, lr: scale / steps });
      const run = await trainInMemory(trainer, { params, batches });
      const { params: last } = await run.checkpoint(steps);
      away.push(largest(state.params.map((w, k) => w - last[k])));
    }
    expect(Math.abs(Math.log2(away[0] / away[1]) - 1)).toBeLessThan(0.25);
  });

  it("refuses what does not fit, in a line", async () => {
    const { task, params } = await small();
    const fields = await flowFields(task, task.dataset.test.x);
    const flow = (options: object) => () => gradientFlow(fields, { params, time: 1, pieces: 4, ...options });
    expect(await errorOf(flow({ time: 0 }))).toBe("RangeError: gradientFlow: time must be positive, got 0");
    expect(await errorOf(flow({ pieces: 1.5 }))).toContain("pieces must be a positive integer, got 1.5");
    expect(await errorOf(flow({ dynamics: { kind: "momentum", lambda: -1 } }))).toContain("lambda must be");
    const single = await small({ dtype: "float32" });
    expect(await errorOf(() => flowFields(single.task, task.dataset.test.x))).toContain("got float32");
    expect(await errorOf(flow({ params: params.slice(1) }))).toContain("params must hold 17 numbers");
  });
});
