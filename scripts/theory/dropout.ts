// The row of theory 1.1 point 6: dropout with recorded masks.

import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { keyedBatches } from "../../src/train/keys.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { optimizerChoice } from "../../test/helpers/optimizer-choices.ts";
import { smallTask } from "../../test/helpers/tasks.ts";
import type { TheoryRow } from "./row.ts";

const OPTIMIZERS = ["sgd", "momentum", "adam"];

async function measure(): Promise<string> {
  const told: string[] = [];
  for (const label of OPTIMIZERS) {
    const made = await smallTask({ dropout: 0.3, steps: 12, queries: 3, optimizer: optimizerChoice(label) });
    const run = await trainInMemory(made.task, made);
    const queries = datasetQueries(made.task, "test:0-2");
    const { residual, closure } = verdictOf(await explain(made.task, run, { queries, tolerance: 1e-10 }), "float64");
    const batches = keyedBatches(
      run.batches.map(({ keys: _, ...batch }) => batch),
      99,
    );
    const others = await explain(made.task, { ...run, batches: [...batches] }, { queries, rule: "gauss3" });
    const wrong = verdictOf(others, "float64").closure.relative.toFixed(2);
    told.push(
      `${label} ${residual.relative.toExponential(1)} / ${closure.relative.toExponential(1)} (other masks: ${wrong})`,
    );
  }
  return `residual / scale and closure / gross: ${told.join(", ")}`;
}

export const rows: readonly TheoryRow[] = [
  {
    id: "001-15",
    statement: "Dropout: J(x_i; w_r) by the sampled mask, the query in evaluation mode, is explained exactly",
    by: "explain, mlp, record",
    test: "explain/dropout.test.ts",
    holds: "for masks that are known: drawn here from recorded keys; those of another program are refused",
    measure,
    quick: true,
  },
];
