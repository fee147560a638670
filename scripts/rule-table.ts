// The residuals of fixed rules for eight optimizers: the table of Guo, He and Morel's setting, a 2-16-16-1 tanh network on 24 points.

import { explain } from "../src/explain/explain.ts";
import { datasetQueries } from "../src/explain/queries.ts";
import { ruleNames } from "../src/explain/rules.ts";
import { verdictOf } from "../src/explain/verdict.ts";
import { randomFrom } from "../src/numeric/random.ts";
import type { OptimizerChoice } from "../test/helpers/optimizer-choices.ts";
import { cosineStepSizes, trainScheduled } from "../test/helpers/scheduled-training.ts";
import { smallTask } from "../test/helpers/tasks.ts";

const row = (label: string, name: string, options: OptimizerChoice["options"]): OptimizerChoice => ({
  label,
  name,
  options,
});

const rows: readonly OptimizerChoice[] = [
  row("SGD .05", "sgd", { lr: 0.05 }),
  row("SGD .2", "sgd", { lr: 0.2 }),
  row("momentum .9 (.02)", "momentum", { lr: 0.02 }),
  row("Nesterov .9 decay .01 (.02)", "nesterov", { lr: 0.02, weightDecay: 0.01 }),
  row("RMSprop .99 (.01)", "rmsprop", { lr: 0.01 }),
  row("RMSprop momentum .9 (.003)", "rmsprop", { lr: 0.003, momentum: 0.9 }),
  row("Adam (.01)", "adam", { lr: 0.01 }),
  row("AdamW decay .1 (.01)", "adamw", { lr: 0.01, weightDecay: 0.1 }),
];

/** Rules of three and four Gauss nodes must reach this for SGD .05 and Adam. */
const GAUSS_LIMIT = 1e-9;
const limited: readonly string[] = ["SGD .05", "Adam (.01)"];

/** Residual / scale of each fixed rule for one optimizer: 100 steps of 8 among 24 points, 6 queries. */
async function residualsOf(optimizer: OptimizerChoice, rules: readonly string[]): Promise<number[]> {
  const { task, params, batches } = await smallTask({ optimizer, loss: "half-mse", hidden: [16, 16], steps: 100 });
  const random = randomFrom(0, "normal start");
  for (const { shape, offset, size } of task.model.parameters.entries) {
    const deviation = shape.length > 1 ? 1 / Math.sqrt(shape[1]) : 0.1;
    for (let i = offset; i < offset + size; i++) params[i] = deviation * random.normal();
  }
  const stepSizes = cosineStepSizes(task.optimizer.stepSize, batches.length);
  const run = await trainScheduled(task, { params, batches, stepSizes });
  const residuals: number[] = [];
  for (const rule of rules) {
    const explanation = await explain(task, run, { queries: datasetQueries(task, "test:0-5"), rule });
    residuals.push(verdictOf(explanation, "float64").residual.relative);
  }
  return residuals;
}

/** Prints the table; false when the Gauss rules miss their limit. */
export async function printRuleTable(): Promise<boolean> {
  // Eight and sixteen nodes are for chords: here they would stand at the rounding.
  const rules = ruleNames.filter((name) => !["auto", "gauss8", "gauss16"].includes(name));
  console.log("max |residual| / max |f_N - f_0|: tanh 2-16-16-1, half-mse, float64, 24 points, batch 8, 100 steps,");
  console.log("normal start, learning rate annealed by a cosine to 5 %");
  console.log(`${"".padEnd(28)}${rules.map((name) => name.padStart(10)).join("")}`);
  let holds = true;
  for (const optimizer of rows) {
    const residuals = await residualsOf(optimizer, rules);
    const missed = rules.some((rule, k) => (rule === "gauss3" || rule === "gauss4") && !(residuals[k] <= GAUSS_LIMIT));
    if (missed && limited.includes(optimizer.label)) holds = false;
    console.log(`${optimizer.label.padEnd(28)}${residuals.map((x) => x.toExponential(1).padStart(10)).join("")}`);
  }
  console.log(`gauss3 and gauss4 ${holds ? "stay" : "DO NOT stay"} within ${GAUSS_LIMIT} for ${limited.join(" and ")}`);
  return holds;
}
