// `npm run bench:profile -- [CASE ...] [--threads N] [--write]`: where the time of a case goes, by part, on the host and in the engine.

import { Engine } from "../src/engine/engine.ts";
import { BatchExamples } from "../src/explain/carried/batch-examples.ts";
import { EngineCarried } from "../src/explain/carried/engine-carried.ts";
import { Moved } from "../src/explain/carried/moved.ts";
import { DirectPuller } from "../src/explain/direct.ts";
import { Puller } from "../src/explain/pull.ts";
import { RowEvaluator } from "../src/explain/segment.ts";
import { Stepper } from "../src/train/stepper.ts";
import type { Prepared } from "./case.ts";
import { benchCases, type CaseSizes, namesAmong, sizeFlags, sizesOf } from "./cases.ts";
import { command, countOf } from "./command.ts";
import { type Table, writeSection } from "./report.ts";
import { Stopwatch, watchCollector, watchedOrt } from "./stopwatch.ts";
import type { Hooks } from "./tasks.ts";

/** Parts of the library that are timed apart, each without the parts inside it. */
function watchLibrary(watch: Stopwatch): void {
  const methods: readonly (readonly [object: object, method: string, name: string])[] = [
    [Engine.prototype, "run", "host: engine call, inputs and outputs wrapped"],
    [Stepper.prototype, "evaluate", "host: norm of the gradient"],
    [Stepper.prototype, "advanceInEngine", "host: whole step called"],
    [Stepper.prototype, "feedsOf", "host: batch gathered"],
    [Stepper.prototype, "update", "host: state kept, finiteness"],
    [RowEvaluator.prototype, "enter", "host: segment entered"],
    [RowEvaluator.prototype, "values", "host: values called"],
    [RowEvaluator.prototype, "probe", "host: probes called"],
    [RowEvaluator.prototype, "addJacobian", "host: Jacobian's feeds"],
    [RowEvaluator.prototype, "accumulate", "host: Jacobian accumulated"],
    [DirectPuller.prototype, "factors", "host: direct factors called"],
    [EngineCarried.prototype, "average", "host: nodes' derivatives called"],
    [Moved.prototype, "add", "host: nodes' derivatives added"],
    [EngineCarried.prototype, "step", "host: step's coefficients"],
    [BatchExamples.prototype, "feedsOf", "host: carried batch gathered"],
    [EngineCarried.prototype, "run", "host: carried tiles called"],
    [EngineCarried.prototype, "givenBy", "host: carried steps fed"],
    [EngineCarried.prototype, "movedOf", "host: carried tiles fed"],
    [EngineCarried.prototype, "book", "host: carried pulls booked"],
    [DirectPuller.prototype, "atNode", "host: direct pulls received"],
    [Puller.prototype, "pulls", "host: pulls called"],
    [Puller.prototype, "directionFeeds", "host: directions wrapped"],
    [Puller.prototype, "runFactored", "host: pulls received"],
  ];
  for (const [owner, method, name] of methods) {
    if (!(method in owner))
      throw new Error(`the profile must follow the library: there is no method ${method} any more`);
    watch.watch(owner as Record<string, unknown>, method, name);
  }
}

interface Profile {
  readonly ms: number;
  readonly table: Table;
}

/** Mean self times over runs of about two seconds, after one that is not counted. */
async function profileOf({ work, units }: Prepared, watch: Stopwatch): Promise<Profile> {
  await work();
  const collected = watchCollector();
  watch.reset();
  const start = performance.now();
  let runs = 0;
  while (runs < 2 || performance.now() - start < 2000) {
    await watch.time("host: everything else", work);
    runs++;
  }
  const elapsed = performance.now() - start;
  const parts = watch.report();
  const collector = { name: "(garbage collection, within the others)", ms: await collected(), calls: 0 };
  const each = (total: number): number => total / (runs * units);
  const rows = [...parts, collector].map(({ name, ms, calls }) => [
    name,
    each(ms).toFixed(3),
    `${((100 * ms) / elapsed).toFixed(1)} %`,
    calls > 0 ? each(calls).toFixed(2) : "",
  ]);
  return { ms: each(elapsed), table: { head: ["part", "ms", "share", "calls"], rows } };
}

/** The long cases are long by repeating: a part of them shows the same shares. */
const SHORT: CaseSizes = { steps: 20, examples: 256 };

const watch = new Stopwatch();
const hooks: Hooks = {
  ort: (loaded) => watchedOrt(loaded, watch),
  optimizer: (optimizer) => ({
    ...optimizer,
    update: (args) => watch.time("host: update", () => optimizer.update(args)),
    pullback: (args) => watch.time("host: pull-back", () => optimizer.pullback(args)),
  }),
};
await command(
  { write: { type: "boolean" }, threads: { type: "string", default: "2" }, ...sizeFlags },
  async ({ values, positionals }) => {
    const [cases, threads] = [benchCases(sizesOf(values, SHORT)), countOf(values.threads, "--threads")];
    const names = namesAmong(Object.keys(cases), positionals);
    watchLibrary(watch);
    const tables: Table[] = [];
    for (const name of names) {
      const prepared = await cases[name].prepare(threads, hooks);
      const { ms, table } = await profileOf(prepared, watch);
      await prepared.release();
      console.log(`\n${name}: ${ms.toFixed(3)} ms, threads ${threads}: ${cases[name].about}`);
      for (const [part, each, share, calls] of table.rows) {
        console.log(`  ${part.padEnd(48)} ${each.padStart(9)} ms ${share.padStart(7)} ${calls.padStart(8)}`);
      }
      tables.push({ head: [`${name}: ${ms.toFixed(3)} ms`, ...table.head.slice(1)], rows: table.rows });
    }
    if (values.write) writeSection("Where the time goes", ...tables);
  },
);
