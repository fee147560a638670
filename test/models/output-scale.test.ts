// The output scale alpha (f(w) - f(w_0)): its function, what of it is trained, and its way through a recorded run.

import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries, inputQueries } from "../../src/explain/queries.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { mlp } from "../../src/models/mlp.ts";
import { withOutputScale } from "../../src/models/output-scale.ts";
import { predict } from "../../src/train/accuracy.ts";
import { fullBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { runTraining } from "../../src/train/training.node.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { modelTask, normals } from "../helpers/model-task.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const [x, y, queries] = [normals([6, 2], "scale"), normals([6, 1], "scale targets"), normals([3, 2], "scale queries")];
const plain = mlp({ inputShape: [2], outputs: 1, hidden: [5], activation: "tanh" });
const given = { loss: lossOf("half-mse"), x, y, queries };
const folder = useTemporaryFolder();
const own = plain.parameters.entries.map(({ name }) => name);

describe("withOutputScale(model, alpha)", () => {
  it("is alpha (f(w) - f(w_0)) for its own w_0, and 0 at the start", async () => {
    const scaled = await modelTask({ ...given, model: withOutputScale(plain, 3), trainable: own });
    const { task, params } = await modelTask({ ...given, model: plain });
    const moved = params.map((w, k) => w + 0.1 * Math.sin(k)) as Float64Array;
    const [now, before] = [await predict(task, moved, { x: queries }), await predict(task, params, { x: queries })];
    expect(await predict(scaled.task, moved, { x: queries })).toBeAllclose(
      now.map((value, k) => 3 * (value - before[k])),
      { rtol: 1e-12, atol: 1e-14 },
    );
    expect(largest(await predict(scaled.task, params, { x: queries }))).toBe(0);
  });

  it("trains with step sizes eta / alpha^2 the lazier the larger alpha is, explained exactly from a prior of 0", async () => {
    const moves: number[] = [];
    for (const alpha of [1, 10]) {
      const optimizer = { name: "gd", options: { lr: 0.3 / alpha ** 2 } };
      const { task, params } = await modelTask({
        ...given,
        model: withOutputScale(plain, alpha),
        trainable: own,
        optimizer,
      });
      const run = await trainInMemory(task, { params, batches: [...fullBatches(6, 20)] });
      const e = await explain(task, run, { queries: inputQueries(task, queries, { name: "q" }), tolerance: 1e-10 });
      expect(largest(e.prior)).toBe(0);
      expect(largest(e.output)).toBeGreaterThan(0.1);
      expect(largest(e.residual)).toBeLessThan(1e-10 * e.scale);
      expect(largest(e.closure)).toBeLessThan(1e-12 * largest(e.gross));
      const [from, to] = [(await run.checkpoint(0)).params, (await run.checkpoint(20)).params];
      moves.push(Math.hypot(...to.map((w, k) => w - from[k])));
    }
    // Ten times as large a scale, a tenth of the way, up to what the kernel changes at alpha = 1.
    expect(moves[0] / moves[1]).toBeGreaterThan(7);
    expect(moves[0] / moves[1]).toBeLessThan(13);
  });

  it("never trains w_0", async () => {
    const model = withOutputScale(plain, 2);
    const trainable = model.parameters.entries.map(({ name }) => name);
    expect(await errorOf(() => modelTask({ ...given, model, trainable }))).toBe(
      "RangeError: createTask: trainable must not name what the model keeps as it starts, got start.layers.0.weight",
    );
  });

  it.each(["mlp:6:tanh:parametrisation=mup,base=2,alpha=4", "mlp:6:tanh:alpha=4:dropout=0.3"])(
    "goes through a recorded run: %s trained, reopened, explained to the same numbers",
    async (model) => {
      const request = { data: "digits", limit: 20, model };
      const training = {
        loss: "cross-entropy",
        optimizer: "sgd",
        optimizerOptions: { lr: 0.05 },
        epochs: 1,
        batchSize: 10,
      };
      const out = folder.at("alpha.pkrun");
      const { task, run } = await runTraining({ ...request, ...training, seed: 1, dtype: "float64", out });
      expect(run.layout.entries.map(({ name }) => name)).toEqual(own);
      const again = await reopenTask(run);
      const of = async (t: typeof task) => explain(t, run, { queries: datasetQueries(t, "test:0"), tolerance: 1e-10 });
      const [first, second] = [await of(task), await of(again)];
      expect(first.prior[0]).toBe(0);
      expect(second.contributions).toEqual(first.contributions);
      expect(Math.abs(second.residual[0])).toBeLessThan(1e-10 * second.scale);
      expect(Math.abs(second.closure[0])).toBeLessThan(1e-12 * second.gross[0]);
      await task.engine.release();
      await again.engine.release();
    },
  );
});
