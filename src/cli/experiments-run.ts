// `pathkernel experiments`: claims of the sources that can be reproduced, one a line, with their last published verdicts.

import { fileURLToPath } from "node:url";
import { type Published, publishedFrom } from "../experiments/published.ts";
import { experiments } from "../experiments/registry.ts";
import type { Experiment } from "../experiments/types.ts";
import { boundText } from "../experiments/verdict.ts";
import { pathExists, readFileBytes } from "../numeric/files.node.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import { wrapWords } from "./format.ts";
import type { ExitCode } from "./io.ts";

/** Beside the sources, where the repository is; a published package has none. */
const RESULTS = fileURLToPath(new URL("../../docs/laboratory/results.json", import.meta.url));

/** The last published results, by id; empty where there are none. */
export function lastVerdicts(): ReadonlyMap<string, Published> {
  if (!pathExists(RESULTS)) return new Map();
  const text = new TextDecoder().decode(readFileBytes(RESULTS));
  return new Map(publishedFrom(text).map((entry) => [entry.id, entry]));
}

function verdictText(published: Published | undefined): string {
  if (!published) return "not published";
  const size = published.size === "full" ? "" : ` at ${published.size} size`;
  return published.verdict === "not run" ? "not run" : `${published.verdict}${size}: ${published.number}`;
}

/** What the command prints of an experiment: the id with its verdict, and the claim below it. */
function entryText(
  experiment: Experiment,
  published: Published | undefined,
  { width, colors }: Invocation["output"],
): string {
  const claim = wrapWords(experiment.claim, width - 4).map((line) => `    ${line}`);
  return [`${colors.bold(experiment.id)}  ${verdictText(published)}`, ...claim].join("\n");
}

/** Lists what there is to reproduce. */
export async function runExperiments({ args, output }: Invocation): Promise<ExitCode> {
  const [source] = args;
  const sources = [...new Set(experiments.map(({ id }) => id.split("/")[0]))];
  if (source !== undefined && !sources.includes(source))
    throw new UsageError(`source must be one of ${sources.join(", ")}, got "${source}"`);
  const wanted = experiments.filter(({ id }) => source === undefined || id.startsWith(`${source}/`));
  const published = lastVerdicts();
  for (const experiment of wanted) output.print(entryText(experiment, published.get(experiment.id), output));
  output.value("experiments", {
    experiments: wanted.map((experiment) => {
      const { at, expectations, ...facts } = experiment;
      const expected = Object.values(expectations).map((own) => ({ ...own, bound: boundText(own) }));
      const parameters = { quick: at("quick").parameters, full: at("full").parameters };
      return { ...facts, expectations: expected, parameters, published: published.get(experiment.id) ?? null };
    }),
  });
  return 0;
}
