// `npm run test:fuzz`: reads mutated run folders, arrays, archives, models and data in processes of their own; fails where one of them
// is neither read nor refused with a known error, in time and in bounds.

import { parseArgs } from "node:util";
import { LIMIT_BYTES, LIMIT_MS, runJobs, type Tally } from "./pool.ts";
import { type FamilyName, familyNames, type Job, jobsFor } from "./shares.ts";

const USAGE = `npm run test:fuzz -- [--count N] [--seed S] [--family NAME] [--only NAME:INDEX] [--workers N] [--save FOLDER]

--count      inputs in all, 20000
--seed       every input is a function of the seed, its family and its number; 1
--family     only these, may be given several times: ${familyNames.join(", ")}
--only       a single input, as a failure names it
--workers    processes that read, 2
--save       where inputs that fail are written`;

function request() {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "20000" },
      seed: { type: "string", default: "1" },
      family: { type: "string", multiple: true },
      only: { type: "string", multiple: true },
      workers: { type: "string", default: "2" },
      save: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [count, seed, workers] = (["count", "seed", "workers"] as const).map((name) => {
    const value = Number(values[name]);
    if (Number.isSafeInteger(value) && value >= (name === "seed" ? 0 : 1)) return value;
    throw new RangeError(`--${name} must be a whole number, got ${values[name]}`);
  });
  const families = (values.family ?? familyNames).map(familyOf);
  const jobs = values.only?.map(jobOf) ?? jobsFor(count, families);
  return { jobs, seed, workers, save: values.save, help: values.help };
}

function familyOf(name: string): FamilyName {
  if (familyNames.includes(name as FamilyName)) return name as FamilyName;
  throw new RangeError(`family must be one of ${familyNames.join(", ")}, got ${name}`);
}

function jobOf(text: string): Job {
  const [family, index] = text.split(":");
  return { family: familyOf(family), index: Number(index) };
}

/** A line a family: how many inputs, and what became of them. */
function table({ outcomes, milliseconds, mostElapsed, mostBytes, slowOnce }: Tally): string {
  const lines = [...outcomes].map(([family, counts]) => {
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([outcome, count]) => `${outcome} ${count}`);
    return `${family.padEnd(12)} ${String(total).padStart(6)}   ${parts.join(", ")}`;
  });
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return [
    ...lines,
    `time of the processor: median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms (limit ${LIMIT_MS}); ${slowOnce} longer once and not again; by the clock at most ${Math.round(mostElapsed)} ms`,
    `memory: at most ${Math.round(mostBytes / 2 ** 20)} MiB more (limit ${LIMIT_BYTES / 2 ** 20})`,
  ].join("\n");
}

async function main(): Promise<void> {
  const { jobs, seed, workers, save, help } = request();
  if (help) return console.log(USAGE);
  const start = performance.now();
  const every = Math.max(1, Math.floor(jobs.length / 20));
  const tally = await runJobs(jobs, {
    seed,
    workers,
    save,
    onFailure: ({ job, note, fault }) =>
      console.log(`FAILED --seed ${seed} --only ${job.family}:${job.index} [${note}] ${fault}`),
    onProgress: (done) => {
      if (done % every === 0) console.error(`${done} of ${jobs.length}`);
    },
  });
  console.log(table(tally));
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`${jobs.length} inputs, seed ${seed}, ${seconds} s: ${tally.failures.length} failed`);
  process.exitCode = tally.failures.length > 0 ? 1 : 0;
}

await main();
