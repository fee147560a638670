// The tables of docs/coverage.md: MNIST against images from elsewhere by coverage and its baselines, and the rank gap of a network of one input.
// `npm run coverage:ood -- [--seeds 5] [--models mlp:128:relu,cnn:8,16:32] [--train 2000] [--queries 500] [--write]`

import { fileURLToPath } from "node:url";
import { meanInterval } from "../src/numeric/student.ts";
import { gapsAlong, kinksOf, type Setting as OneInput, oneInput, UNITS } from "../test/helpers/special/rank-gap.ts";
import { command, countOf } from "./command.ts";
import { EPOCHS, LIMIT, type Measured, measure, outsideNames, outsideSets } from "./coverage-measure.ts";
import { markdownTable, type Table, writeSectionOf } from "./report.ts";

const PAGE = fileURLToPath(new URL("../docs/coverage.md", import.meta.url));
/** Seeds on which ridges and tolerances are compared, which takes as long as the rest. */
const SWEPT = 3;

const mean = (values: readonly number[]): string => {
  const { mean: centre, half } = meanInterval(values);
  return Number.isNaN(half) ? centre.toFixed(3) : `${centre.toFixed(3)} ± ${half.toFixed(3)}`;
};

/** Rows of the table: a score, in the form that it was computed in. */
const ROWS = [
  ["coverage, all outputs", "trace", "coverage"],
  ["coverage, predicted class", "predicted", "coverage"],
  ["−\\|P⊥g\\|², all outputs", "trace", "energy outside"],
  ["−\\|P⊥g\\|², predicted class", "predicted", "energy outside"],
  ["largest cosine with a tangent feature", "trace", "similarity"],
  ["*largest probability*", "trace", "probability"],
  ["*distance of last hidden layer*", "trace", "feature distance"],
  ["*cosine of last hidden layer*", "trace", "feature cosine"],
  ["*distance of inputs*", "trace", "input distance"],
] as const;

function separationTable(runs: readonly Measured[], sets: readonly string[]): Table {
  const head = ["score", ...sets.flatMap((set) => [`${set}: AUROC`, "FPR at 95 %"])];
  const rows = ROWS.map(([label, form, score]) => [
    label,
    ...sets.flatMap((set) => {
      const own = runs.map(
        ({ separations }) => separations[set].find((one) => one.form === form && one.score === score)!,
      );
      return [mean(own.map((one) => one.auroc)), mean(own.map((one) => one.falsePositiveRate))];
    }),
  ]);
  return { head, rows };
}

function weakTable(runs: readonly Measured[], sets: readonly string[]): Table {
  const swept = runs.filter(({ weak }) => weak.length > 0);
  const names = swept[0]?.weak.map(({ name }) => name) ?? [];
  return {
    head: ["weak directions", "directions", ...sets],
    rows: names.map((name, k) => [
      name,
      swept.map(({ weak }) => weak[k].rank ?? "all").join(", "),
      ...sets.map((_, s) => mean(swept.map(({ weak }) => weak[k].areas[s]))),
    ]),
  };
}

/** The example of section 5.4 with its numbers. */
async function oneInputParts(): Promise<(Table | string)[]> {
  const rows: string[][] = [];
  const moved: string[] = [];
  for (const setting of ["inside", "outside"] as const satisfies readonly OneInput[]) {
    const own = await oneInput(setting);
    const [gaps, train] = [await gapsAlong(own), await kinksOf(own, "train")];
    gaps.forEach((gap, k) => {
      rows.push([
        setting,
        String(gap.step),
        String(gap.rank),
        String(gap.mixtureRank),
        `**${gap.gap}**`,
        gap.outOfSpanEnergy < 1e-20 ? "0" : gap.outOfSpanEnergy.toPrecision(2),
        gap.lastBias.toFixed(4),
        String(train.steps[k].dormant),
        String(train.steps[k].crossings ?? ""),
        gap.testLoss.toPrecision(3),
      ]);
    });
    const change = gaps[gaps.length - 1].lastBias - gaps[0].lastBias;
    moved.push(`b_${UNITS} ${setting} moved by ${Object.is(change, 0) ? "exactly 0" : change.toFixed(4)}`);
  }
  const head = [
    "b_8 starts",
    "step",
    "rank T",
    "rank T̃",
    "gap",
    "energy outside",
    "b_8",
    "dormant",
    "kinks",
    "test loss",
  ];
  return [{ head, rows }, `${moved.join("; ")}.`];
}

await command(
  {
    seeds: { type: "string", default: "5" },
    models: { type: "string", default: "mlp:128:relu cnn:8,16:32" },
    train: { type: "string", default: "2000" },
    queries: { type: "string", default: "500" },
    write: { type: "boolean", default: false },
  },
  async ({ values }) => {
    const [seeds, train, queries] = [
      countOf(values.seeds, "--seeds"),
      countOf(values.train, "--train"),
      countOf(values.queries, "--queries"),
    ];
    const sets = await outsideSets();
    if (values.write && sets.size < outsideNames.length)
      throw new RangeError(
        `coverage: --write must have ${outsideNames.join(", ")}, got ${[...sets.keys()].join(", ")}`,
      );
    const tell = (title: string, parts: readonly (Table | string)[]): void => {
      const text = parts.map((part) => (typeof part === "string" ? part : markdownTable(part))).join("\n\n");
      console.log(`## ${title}\n\n${text}\n`);
      if (values.write) writeSectionOf(PAGE, title, parts);
    };
    tell("The network of one input", await oneInputParts());
    for (const model of values.models.split(" ")) {
      const started = performance.now();
      const runs: Measured[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        runs.push(await measure({ model, seed, train, queries }, sets, { sweep: seed <= SWEPT }));
        const all = Object.entries(runs[runs.length - 1].separations);
        const areas = all.map(([name, [{ auroc }]]) => `${name} ${auroc.toFixed(3)}`).join(", ");
        console.error(`${model} seed ${seed}: ${areas}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
      }
      const accuracy = meanInterval(runs.map((run) => run.accuracy)).mean;
      const about = `${LIMIT.toLocaleString("en-US")} training images, Adam at 0.001, ${EPOCHS} epochs, float32, test accuracy ${(100 * accuracy).toFixed(1)} %. The span, and the distances, are of the first ${train.toLocaleString("en-US")} training images; ${queries} images of each set (printed digits: 390), others for each seed where there are. Mean over ${seeds} seeds ± half of its 95 % interval (Student's t); baselines in italics.`;
      const names = [...sets.keys()];
      const weak = `AUROC of coverage (all outputs) by what weak directions count, mean over ${Math.min(seeds, SWEPT)} seeds: a ridge as a part of the mean diagonal, or the eigenvalues above a part of the largest, and how many these are.`;
      tell(`MNIST against the rest: ${model}`, [about, separationTable(runs, names), weak, weakTable(runs, names)]);
    }
  },
);
