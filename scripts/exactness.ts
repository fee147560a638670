// Measures the exactness matrix: every optimizer variant, loss, model and dtype, clips and regularisers, explained with the adaptive rule at 1e-10.

import { parseArgs } from "node:util";
import {
  EXACTNESS_TOLERANCE,
  type Exactness,
  type ExactnessCase,
  failuresOf,
  measureExactness,
} from "../test/helpers/exactness.ts";
import { optimizerChoices } from "../test/helpers/optimizer-choices.ts";
import { stepChoices } from "../test/helpers/step-choices.ts";
import { furtherLosses, lossKinds, modelKinds } from "../test/helpers/tasks.ts";
import { printRuleTable } from "./rule-table.ts";

/** Of one loss, unless losses are asked for: with clips and regularisers there is nothing between them and the loss. */
const STEP_LOSS = "cross-entropy";
const choices = [...optimizerChoices, ...stepChoices];

const USAGE = `npm run exactness -- [--optimizer LABEL] [--loss NAME] [--model NAME] [--dtype NAME] [--steps N] [--queries N]
npm run exactness -- --table        residuals of the fixed rules for eight optimizers

Each filter may be given several times; it keeps what has exactly that name.
optimizers: ${optimizerChoices.map(({ label }) => label).join(", ")}
  and, by default with cross-entropy alone: ${stepChoices.map(({ label }) => `"${label}"`).join(", ")}
losses: ${lossKinds.join(", ")},
    ${furtherLosses.join(", ")}    models: ${modelKinds.join(", ")}    dtypes: float64, float32`;

const DTYPES = ["float64", "float32"] as const;
/** The other losses meet the derivative of a step alone: a few optimizers show them. */
const FEW = ["sgd", "nesterov decay", "adamw"];

const list = { type: "string", multiple: true } as const;

/** What was asked for; TypeError or RangeError where that is not understood. */
function request() {
  const { values } = parseArgs({
    options: {
      optimizer: list,
      loss: list,
      model: list,
      dtype: list,
      steps: { type: "string", default: "40" },
      queries: { type: "string", default: "6" },
      table: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { table, help, steps, queries } = values;
  return { table, help, steps: count("steps", steps), queries: count("queries", queries), cases: [...casesOf(values)] };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name} must be an integer from 1, got ${text}`);
  return value;
}

function kept<T>(all: readonly T[], wanted: readonly string[] | undefined, nameOf: (item: T) => string): readonly T[] {
  const missing = wanted?.find((name) => !all.some((item) => nameOf(item) === name));
  if (missing !== undefined) throw new RangeError(`names must be among ${all.map(nameOf).join(", ")}, got ${missing}`);
  return wanted ? all.filter((item) => wanted.includes(nameOf(item))) : all;
}

type Filters = Readonly<Partial<Record<"optimizer" | "loss" | "model" | "dtype", string[]>>>;

function* casesOf({
  optimizer: labels,
  loss: losses,
  model: models,
  dtype: dtypes,
}: Filters): Generator<ExactnessCase> {
  const itself = (name: string): string => name;
  for (const dtype of kept(DTYPES, dtypes, itself))
    for (const model of kept(modelKinds, models, itself))
      for (const loss of kept([...lossKinds, ...furtherLosses], losses, itself))
        for (const optimizer of kept(choices, labels, ({ label }) => label))
          if (isMet(loss, optimizer, losses !== undefined)) yield { optimizer, loss, model, dtype };
}

/** Whether a loss and an optimizer are measured together. */
function isMet(loss: string, optimizer: (typeof choices)[number], asked: boolean): boolean {
  if (stepChoices.includes(optimizer)) return asked || loss === STEP_LOSS;
  return (lossKinds as readonly string[]).includes(loss) || FEW.includes(optimizer.label);
}

const exponent = (x: number): string => x.toExponential(1).padStart(8);

function lineOf({ optimizer, loss, model, dtype }: ExactnessCase, measured: Exactness): string {
  const { residual, closure, probes, nodes, unresolved } = measured;
  const names = [dtype, model.padEnd(4), loss.padEnd(20), optimizer.label.padEnd(58)].join(" ");
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

interface MatrixRequest {
  readonly cases: readonly ExactnessCase[];
  readonly steps: number;
  readonly queries: number;
}

/** Measures and prints all cases; false when one of them does not hold. */
async function printMatrix({ cases, steps, queries }: MatrixRequest): Promise<boolean> {
  const started = performance.now();
  const all: (readonly [ExactnessCase, Exactness])[] = [];
  console.log(`rule auto, tolerance ${EXACTNESS_TOLERANCE}, ${steps} steps, ${queries} queries, 24 training examples`);
  console.log("residual: max |residual| / scale; closure: max |closure| / gross; probes, nodes: for each row and step");
  const head = "dtype   model loss                 optimizer".padEnd(93);
  console.log(`${head} residual  closure  probes  nodes unresolved`);
  for (const tested of cases) {
    const measured = await measureExactness(tested, { steps, queries });
    all.push([tested, measured]);
    console.log(lineOf(tested, measured));
  }
  printWorst("residual", all);
  printWorst("closure", all);
  const failed = all.filter(([, measured]) => failuresOf(measured).length > 0).length;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${all.length - failed} of ${all.length} cases hold, ${seconds} s`);
  return failed === 0;
}

function requestOrUsage(): ReturnType<typeof request> | undefined {
  try {
    return request();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    console.error(`exactness: ${error.message}`);
    process.exitCode = 2;
    return undefined;
  }
}

const asked = requestOrUsage();
if (asked?.help) console.log(USAGE);
else if (asked) process.exitCode = (await (asked.table ? printRuleTable() : printMatrix(asked))) ? 0 : 1;
