// `pathkernel superposition`: the weights of a run as one displacement for each training example, on disk.

import { datasetQueries } from "../explain/queries.ts";
import type { Superposition } from "../explain/superposition.ts";
import { superpositionBytes } from "../explain/superposition.ts";
import { type StoredSuperposition, storeSuperposition } from "../explain/superposition-store.node.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import * as flags from "./flags.ts";
import { formatBytes, grouped, table, tiny } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { shiftText } from "./path-text.ts";
import { startProgress } from "./progress.ts";
import { RULE_SHAPE, withRun } from "./run-session.ts";

const SHAPE = {
  data: RULE_SHAPE.data,
  threads: RULE_SHAPE.threads,
  measure: flags.list(";").optional(),
  readout: flags.text().optional(),
  memory: flags.bytes().optional(),
  out: flags.text().optional(),
  force: flags.toggle().optional(),
};

/** On what the shift is measured unless the user says otherwise. */
function firstQuery({ dataset }: Task): string {
  return dataset.test.x.shape[0] > 0 ? "test:0" : "train:0";
}

export interface StoreRequest {
  /** Specs of queries, ["none"] for none; default: the first. */
  readonly measure?: readonly string[] | undefined;
  readonly readout?: string | undefined;
  readonly memory?: number | undefined;
  readonly out?: string | undefined;
  readonly force?: boolean | undefined;
  /** One that was booked while training. */
  readonly superposition?: Superposition | undefined;
}

/** Stores a superposition with progress on stderr. */
export async function storeWithProgress(
  { output, signal }: Pick<Invocation, "output" | "signal">,
  { run, task }: { readonly run: Run; readonly task: Task },
  { measure, readout, memory, out, force, superposition }: StoreRequest,
): Promise<StoredSuperposition> {
  const specs = measure?.join() === "none" ? [] : (measure ?? [firstQuery(task)]);
  const queries = specs.flatMap((spec) => datasetQueries(task, spec));
  output.note(
    `displacements of ${grouped(task.dataset.train.x.shape[0])} examples take ${formatBytes(superpositionBytes(task))}`,
  );
  const progress = startProgress(output);
  try {
    return await storeSuperposition(task, run, {
      path: out,
      force,
      superposition,
      memoryBudget: memory,
      ...(queries.length > 0 && { measure: { queries, readout } }),
      signal,
      onProgress: (p) => progress.report(p),
    });
  } finally {
    progress.end();
  }
}

/** What there is now, in words. */
export function describeStored(stored: StoredSuperposition): string {
  const { examples, parameters, steps, terms, closure, shift, bytes } = stored;
  return table([
    [
      "displacements",
      `${grouped(examples)} of ${grouped(parameters)} parameters, over ${grouped(steps)} steps, ${formatBytes(bytes)}`,
    ],
    ["beside them", terms.map(({ name }) => name).join(", ") || "nothing"],
    ["closure", `${tiny(closure)}: rounding`],
    ["contributions", shift ? shiftText(shift) : "not compared with those of the steps' own lines"],
  ]);
}

/** Builds the superposition of a run by replay. */
export async function runSuperposition(invocation: Invocation): Promise<ExitCode> {
  const { data, threads, ...request } = flags.parseFlags(SHAPE, invocation.flags);
  await withRun(invocation, { data, threads }, async (run, task) => {
    const stored = await storeWithProgress(invocation, { run, task }, request);
    stored.close();
    const { path, examples, parameters, steps, terms, closure, madeBy, shift, bytes } = stored;
    const { output } = invocation;
    output.note(describeStored(stored));
    output.print(path);
    const names = terms.map(({ name }) => name);
    output.value("superposition", { path, examples, parameters, steps, bytes, terms: names, closure, madeBy, shift });
  });
  return 0;
}
