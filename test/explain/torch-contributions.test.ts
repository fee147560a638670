import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/types.ts";
import { explain } from "../../src/explain/explain.ts";
import { inputQueries } from "../../src/explain/queries.ts";
import type { Tensor } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { fullBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { engineOf } from "../helpers/tasks.ts";
import { torchModel, torchModels } from "../helpers/torch-models.ts";

const engine = await engineOf("float64");
const CLOSE = { atol: 1e-10, rtol: 1e-10 };

describe("one step of gradient descent on all examples, explained by the left rule, agrees with PyTorch to 1e-10", () => {
  it.each(torchModels)("for $name with $loss", async (description) => {
    const { array, x, y, model, loss, params, n, q, c } = torchModel(description);
    const split = { x, y: y as Tensor<"int64"> };
    const classes = y.dtype === "int64" ? Array.from({ length: c }, (_, k) => `${k}`) : [];
    const dataset: Dataset = {
      source: "torch",
      task: classes.length > 0 ? "classification" : "regression",
      classes,
      inputShape: x.shape.slice(1),
      train: split,
      test: split,
      sha256: "",
    };
    const trainable = model.parameters.entries.map(({ name }) => name);
    const optimizer = createOptimizer("gd", { lr: description.stepSize });
    const task = createTask({ engine, model, trainable, params, loss, optimizer, dataset });
    const run = await trainInMemory(task, { params, batches: [...fullBatches(n, 1)] });
    expect((await run.checkpoint(1)).params).toBeAllclose(array("nextParams"), CLOSE);
    const queries = inputQueries(task, array("queries"), { name: "queries" });
    for (let k = 0; k < c; k++) {
      const { contributions, prior, output } = await explain(task, run, {
        queries,
        readout: `output:${k}`,
        rule: "left",
      });
      const column = (key: string, rows: number) =>
        Float64Array.from({ length: rows }, (_, r) => array(key).data[r * c + k]);
      expect(contributions).toBeAllclose(column("contributions", q * n), CLOSE);
      expect(prior).toBeAllclose(column("queryOutput", q), CLOSE);
      expect(output).toBeAllclose(column("nextQueryOutput", q), CLOSE);
    }
  });
});
