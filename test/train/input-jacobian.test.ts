// How outputs change with inputs, against central differences of the outputs.

import { describe, expect, it } from "vitest";
import { type RealArray, reals, sizeOf } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import { inputJacobian } from "../../src/train/input-jacobian.ts";
import { trainableOf } from "../../src/train/task.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function started(options: SmallTaskOptions) {
  const { task, params } = await smallTask(options);
  const xs = task.dataset.test.x;
  return { task, xs, params: trainableOf(task, params, task.engine.dtype) };
}

const kinds: readonly (readonly [string, SmallTaskOptions])[] = [
  ["a tanh network of two outputs", { hidden: [5] }],
  ["a convolutional network", { model: "cnn", loss: "cross-entropy" }],
  ["a network whose first layer is frozen", { trainable: ["layers.1.weight", "layers.1.bias"] }],
  ["a linear model", { hidden: [], loss: "cross-entropy" }],
];

describe("inputJacobian", () => {
  it.each(kinds)("is the derivative of every output by every input: %s", async (_, options) => {
    const { task, xs, params } = await started(options);
    const [count, D, C] = [xs.shape[0], sizeOf(xs.shape.slice(1)), task.outputs];
    const jacobian = await inputJacobian(task, params, xs);
    expect(jacobian.shape).toEqual([count, C, D]);
    const h = 1e-5;
    for (let k = 0; k < Math.min(D, 12); k++) {
      const moved = (by: number) =>
        predict(task, params, {
          x: reals(
            xs.shape,
            (xs.data as RealArray).map((value, at) => (at % D === k ? value + by : value)),
          ),
        });
      const [up, down] = [await moved(h), await moved(-h)];
      const own = up.map((_, at) => jacobian.data[at * D + k]);
      expect(own).toBeAllclose(
        up.map((value, at) => (value - down[at]) / (2 * h)),
        { rtol: 0, atol: 1e-8 },
      );
    }
  });

  it("agrees to rounding in float32, and has no rows for no examples", async () => {
    const [double, single] = [await started({}), await started({ dtype: "float32" })];
    const exact = await inputJacobian(double.task, double.params, double.xs);
    expect(await inputJacobian(single.task, single.params, single.xs)).toBeAllclose(exact, { rtol: 1e-4, atol: 1e-5 });
    const none = reals([0, ...double.xs.shape.slice(1)], []);
    expect((await inputJacobian(double.task, double.params, none)).shape).toEqual([0, 2, 2]);
  });

  it("refuses examples of another shape", async () => {
    const { task, params } = await started({});
    await expect(inputJacobian(task, params, reals([1, 9], new Float64Array(9)))).rejects.toThrow(
      /^inputJacobian: xs must have shape \[Q,\d+\], got \[1,9\]$/,
    );
  });
});
