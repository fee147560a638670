// Measures the exactness matrix: every optimizer variant, loss, model and dtype, explained with the adaptive rule at 1e-10.

import { parseArgs } from "node:util";
import {
  EXACTNESS_TOLERANCE,
  type Exactness,
  type ExactnessCase,
  failuresOf,
  measureExactness,
} from "../test/helpers/exactness.ts";
import { optimizerChoices } from "../test/helpers/optimizer-choices.ts";
import { lossKinds, modelKinds } from "../test/helpers/tasks.ts";
import { printRuleTable } from "./rule-table.ts";

const USAGE = `npm run exactness -- [--optimizer LABEL] [--loss NAME] [--model NAME] [--dtype NAME] [--steps N] [--queries N]
npm run exactness -- --table        residuals of the fixed rules for eight optimizers

Each filter may be given several times; it keeps what has exactly that name.
optimizers: ${optimizerChoices.map(({ label }) => label).join(", ")}
losses: ${lossKinds.join(", ")}    models: ${modelKinds.join(", ")}    dtypes: float64, float32`;

const list = { type: "string", multiple: true } as const;
const { values } = parseArgs({
  options: {
    optimizer: list,
    loss: list,
    model: list,
    dtype: list,
    steps: { type: "string", default: "40" },
    queries: { type: "string", default: "6" },
    table: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});

function kept<T>(all: readonly T[], wanted: readonly string[] | undefined, nameOf: (item: T) => string): readonly T[] {
  const missing = wanted?.find((name) => !all.some((item) => nameOf(item) === name));
  if (missing !== undefined) throw new RangeError(`exactness: names must be known, got "${missing}"; see --help`);
  return wanted ? all.filter((item) => wanted.includes(nameOf(item))) : all;
}

function* casesOf(): Generator<ExactnessCase> {
  const itself = (name: string): string => name;
  for (const dtype of kept(["float64", "float32"] as const, values.dtype, itself))
    for (const model of kept(modelKinds, values.model, itself))
      for (const loss of kept(lossKinds, values.loss, itself))
        for (const optimizer of kept(optimizerChoices, values.optimizer, ({ label }) => label))
          yield { optimizer, loss, model, dtype };
}

const exponent = (x: number): string => x.toExponential(1).padStart(8);

function lineOf({ optimizer, loss, model, dtype }: ExactnessCase, measured: Exactness): string {
  const { residual, closure, probes, nodes, unresolved } = measured;
  const names = [dtype, model.padEnd(4), loss.padEnd(20), optimizer.label.padEnd(31)].join(" ");
  const cost = `${probes.toFixed(1).padStart(7)} ${nodes.toFixed(1).padStart(6)} ${`${unresolved}`.padStart(5)}`;
  return `${names} ${exponent(residual)} ${exponent(closure)} ${cost}  ${failuresOf(measured).join("; ")}`.trimEnd();
}

/** The case with the largest of some measure, one for each dtype and model. */
function printWorst(name: "residual" | "closure", all: readonly (readonly [ExactnessCase, Exactness])[]): void {
  const groupOf = ([{ dtype, model }]: (typeof all)[number]): string => `${dtype} ${model}`;
  for (const group of new Set(all.map(groupOf))) {
    const members = all.filter((measured) => groupOf(measured) === group);
    const [worst, measured] = members.reduce((a, b) => (b[1][name] > a[1][name] ? b : a));
    const limit = name === "residual" ? measured.residualLimit : measured.closureLimit;
    const against = limit === undefined ? "reported only" : `limit ${limit.toExponential(0)}`;
    console.log(
      `worst ${name.padEnd(8)} ${group.padEnd(12)} ${exponent(measured[name])} (${against}): ${worst.optimizer.label}, ${worst.loss}`,
    );
  }
}

async function printMatrix(): Promise<boolean> {
  const size = { steps: Number(values.steps), queries: Number(values.queries) };
  const started = performance.now();
  const all: (readonly [ExactnessCase, Exactness])[] = [];
  console.log(
    `rule auto, tolerance ${EXACTNESS_TOLERANCE}, ${size.steps} steps, ${size.queries} queries, 24 training examples`,
  );
  console.log("residual: max |residual| / scale; closure: max |closure| / gross; probes, nodes: for each row and step");
  console.log(
    `${"dtype   model loss                 optimizer".padEnd(66)} residual  closure  probes  nodes unresolved`,
  );
  for (const tested of casesOf()) {
    const measured = await measureExactness(tested, size);
    all.push([tested, measured]);
    console.log(lineOf(tested, measured));
  }
  if (all.length === 0) return false;
  printWorst("residual", all);
  printWorst("closure", all);
  const failed = all.filter(([, measured]) => failuresOf(measured).length > 0).length;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${all.length - failed} of ${all.length} cases hold, ${seconds} s`);
  return failed === 0;
}

if (values.help) console.log(USAGE);
else if (values.table) process.exitCode = (await printRuleTable()) ? 0 : 1;
else process.exitCode = (await printMatrix()) ? 0 : 1;
