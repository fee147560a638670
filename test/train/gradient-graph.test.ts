import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { add, matmul } from "../../src/graph/ops.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { gradientGraph, objectiveOf, TARGET, WEIGHTS } from "../../src/train/gradient-graph.ts";
import { engineOf } from "../helpers/tasks.ts";

/** y = x W + b, and a parameter that nothing reads. */
function head() {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 2]);
  const [w, bias] = [b.input("w", "real", [2, 3]), b.input("bias", "real", [3])];
  b.input("idle", "real", [2]);
  return b.build({ y: add(b, matmul(b, x, w), bias) });
}

const x = reals([2, 2], [1, 2, -1, 0.5]);
const w = reals([2, 3], [0.1, -0.2, 0.3, 0.4, 0.5, -0.6]);
const bias = reals([3], [0.01, 0.02, 0.03]);
const feeds = { x, w, bias, idle: reals([2], [1, 1]), [WEIGHTS]: reals([2], [0.75, 0.5]) };
const y = [0, 1].map((n) =>
  [0, 1, 2].map((c) => x.data[2 * n] * w.data[c] + x.data[2 * n + 1] * w.data[3 + c] + bias.data[c]),
);

describe("gradientGraph(head, loss, trainable)", () => {
  it("gives each example's loss and the gradient of their weighted sum", async () => {
    const target = [
      [1, 0, 0],
      [0, 2, -1],
    ];
    const graph = gradientGraph(head(), lossOf("mse"), ["w", "bias"]);
    expect(graph.outputs).toEqual(["gradient.w", "gradient.bias", "losses"]);
    const engine = await engineOf("float64");
    const results = await engine.compile(graph).run({ ...feeds, [TARGET]: reals([2, 3], target.flat()) });
    const error = y.map((row, n) => row.map((v, c) => v - target[n][c]));
    const losses = error.map((row) => row.reduce((sum, e) => sum + e * e, 0) / 3);
    // c_n 2 (y - target) / C.
    const delta = error.map((row, n) => row.map((e) => ([0.75, 0.5][n] * 2 * e) / 3));
    const column = (i: number) => [0, 1, 2].map((c) => x.data[i] * delta[0][c] + x.data[2 + i] * delta[1][c]);
    expect(results.losses).toMatchObject({ shape: [2] });
    expect(results.losses.data).toBeAllclose(losses, { rtol: 1e-14 });
    expect(results["gradient.w"]).toMatchObject({ shape: [2, 3] });
    expect(results["gradient.w"].data).toBeAllclose([...column(0), ...column(1)], { rtol: 1e-13, atol: 1e-15 });
    expect(results["gradient.bias"].data).toBeAllclose(
      [0, 1, 2].map((c) => delta[0][c] + delta[1][c]),
      { rtol: 1e-13, atol: 1e-15 },
    );
  });

  it("is zero for a parameter that does not reach the loss", async () => {
    const engine = await engineOf("float64");
    const program = engine.compile(gradientGraph(head(), lossOf("cross-entropy"), ["idle", "bias"]));
    const results = await program.run({ ...feeds, [TARGET]: integers([2], [0, 2]) });
    expect(results["gradient.idle"]).toEqual(reals([2], [0, 0]));
    expect(Math.abs(Number(results["gradient.bias"].data[0]))).toBeGreaterThan(0.1);
  });
});

describe("objectiveOf(head, loss)", () => {
  it("asks for targets as the loss reads them, and for one weight an example", () => {
    const classes = objectiveOf(head(), lossOf("cross-entropy"));
    expect(classes.weights).toMatchObject({ name: WEIGHTS, dtype: "real", shape: ["N"] });
    expect(classes.losses.shape).toEqual(["N"]);
    expect(Object.keys(classes.inputs)).toEqual(["x", "w", "bias", "idle"]);
    const targetOf = (loss: string) => objectiveOf(head(), lossOf(loss)).b.build({}).values.get(TARGET);
    expect(targetOf("cross-entropy")).toMatchObject({ dtype: "int64", shape: ["N"] });
    expect(targetOf("mse")).toMatchObject({ dtype: "real", shape: ["N", 3] });
  });
});
