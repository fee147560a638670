// `pathkernel demo`: the main job from end to end. Trains, explains three test images, one of them misclassified, writes a report.

import { join } from "node:path";
import { DEFAULT_TOLERANCE } from "../explain/explain.ts";
import type { Explanation } from "../explain/types.ts";
import { writeFileAtomic } from "../numeric/files.node.ts";
import { renderReport } from "../reports/report.ts";
import type { TrainingResult } from "../train/training.node.ts";
import type { Invocation } from "./command.ts";
import { explainedRow } from "./explained-row.ts";
import * as flags from "./flags.ts";
import { formatSeconds } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { ledgerText } from "./ledger.ts";
import { requireReplaceable } from "./output-path.ts";
import { type Predicted, pickThree } from "./predictions.ts";
import { explainWithProgress } from "./run-session.ts";
import { accuracyText } from "./run-text.ts";
import { trainAndTell } from "./train-and-tell.ts";
import type { PlainRequest } from "./train-request.ts";

const SHAPE = { out: flags.text().optional(), force: flags.toggle().optional(), threads: flags.count().optional() };

type DemoName = "digits" | "mnist";

/** What is trained. MNIST: all 60,000 images, about 25 s in all on two cores; digits: a few seconds. */
const REQUESTS: Readonly<Record<DemoName, Omit<PlainRequest, "out">>> = {
  digits: {
    data: "digits",
    model: "mlp:32:tanh",
    loss: "cross-entropy",
    optimizer: "adam",
    optimizerOptions: { lr: 0.01 },
    batchSize: 32,
    epochs: 5,
    seed: 0,
    dtype: "float64",
  },
  mnist: {
    data: "mnist",
    model: "mlp:128:relu",
    loss: "cross-entropy",
    optimizer: "adam",
    optimizerOptions: { lr: 0.002 },
    batchSize: 128,
    epochs: 1,
    seed: 0,
    dtype: "float32",
    // A quarter of the default: steps between checkpoints are replayed, which costs little beside explaining them.
    checkpointBudget: 32e6,
  },
};

/** How the user started this program, for commands to go on with. */
function programName({ npm_lifecycle_event: script }: Invocation["output"]["io"]["env"]): string {
  return script === "start" || script === "pathkernel" ? "npm run -s pathkernel --" : "pathkernel";
}

interface Explained {
  readonly trained: TrainingResult;
  readonly explanation: Explanation;
  readonly queries: readonly Predicted[];
}

function writeReport(path: string, { trained, explanation, queries }: Explained): void {
  const { run, task, accuracy } = trained;
  const { dataset, outputs } = task;
  const title = `Which training examples made the model say this: ${dataset.source}`;
  writeFileAtomic(path, renderReport({ title, run: run.manifest, accuracy, dataset, outputs, explanation, queries }));
}

function printLedgers({ output }: Invocation, { trained, explanation, queries }: Explained) {
  const { rule, tolerance } = explanation;
  const { task } = trained;
  const rows = explanation.rows.map((_, r) =>
    explainedRow(task, explanation, { r, predicted: [queries[r].predicted] }),
  );
  for (const row of rows) {
    output.print(
      ledgerText(row, { colors: output.colors, width: output.width, rule, tolerance, dtype: task.engine.dtype }),
    );
    output.print("");
  }
  return rows;
}

async function explainThree(invocation: Invocation, trained: TrainingResult): Promise<Explained> {
  const queries = await pickThree(trained.task, trained.run);
  const explanation = await explainWithProgress(invocation, trained, {
    queries,
    rule: "auto",
    tolerance: DEFAULT_TOLERANCE,
  });
  return { trained, explanation, queries };
}

interface Paths {
  readonly run: string;
  readonly report: string;
}

function goOn(program: string, { run, report }: Paths): string {
  const commands = [
    [`${program} explain ${run} --query test:9,20`, "other predictions of this run"],
    [`${program} verify ${run} --query test:0-4 --tolerance 1e-4`, "whether the sums hold"],
    [`${program} info ${run}`, "what was recorded"],
  ];
  const width = Math.max(...commands.map(([command]) => command.length));
  const lines = commands.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`);
  return [`report  ${report}  (open it in a browser)`, `run     ${run}`, "", "go on with", ...lines].join("\n");
}

/** Trains, explains, reports. */
export async function runDemo(invocation: Invocation): Promise<ExitCode> {
  const { args, output } = invocation;
  const name = flags.parseArgument("data", flags.nameFlag(["digits", "mnist"] as const), args[0] ?? "digits");
  const { out, force, threads } = flags.parseFlags(SHAPE, invocation.flags);
  const folder = out ?? `demo-${name}`;
  const paths = { run: join(folder, `${name}.pkrun`), report: join(folder, "report.html") };
  requireReplaceable(paths.report);
  const started = performance.now();
  const seconds = (since: number): string => formatSeconds((performance.now() - since) / 1000);
  // Without a folder of the user's choice, an earlier demo may be replaced.
  const trained = await trainAndTell(invocation, {
    ...REQUESTS[name],
    out: paths.run,
    force: force ?? out === undefined,
    threads,
  });
  try {
    const { steps, status } = trained.result;
    output.note(
      `trained ${steps} steps in ${seconds(started)}${trained.accuracy ? `, ${accuracyText(trained.accuracy)}` : ""}`,
    );
    if (status === "interrupted") {
      output.print(paths.run);
      return 130;
    }
    const before = performance.now();
    const explained = await explainThree(invocation, trained);
    output.note(`explained ${explained.queries.length} predictions in ${seconds(before)}\n`);
    const rows = printLedgers(invocation, explained);
    writeReport(paths.report, explained);
    output.print(goOn(programName(output.io.env), paths));
    const { rule, tolerance, scale, cost } = explained.explanation;
    output.value("demo", { ...paths, accuracy: trained.accuracy, rule, tolerance, scale, cost, rows });
    return 0;
  } finally {
    await trained.task.engine.release();
  }
}
