// `pathkernel coverage` on a small run of the digits: the list, two sets, steps, JSON, and what it refuses.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { writeFileAtomic } from "../../src/numeric/files.node.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { cli, SMALL_TRAINING, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
const run = join(folder, "digits.pkrun");
const noise = join(folder, "noise.npy");
const coverage = (...args: string[]) => cli(["coverage", run, "--of", "train:0-59", ...args]);

beforeAll(async () => {
  expect((await cli([...SMALL_TRAINING, "-o", run])).code).toBe(0);
  const pixels = Float64Array.from({ length: 30 * 64 }, (_, k) => (Math.sin(7 * k) + 1) / 2);
  writeFileAtomic(noise, encodeNpy(reals([30, 1, 8, 8], pixels)));
});

it("lists queries from the least covered on, with what is nearest and what is usual", async () => {
  const { code, stdout, stderr } = await coverage("--query", "test:0-39", "--top", "3");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^span of 60 training examples, tangent kernel, before step 14, ridge 0\.01 of the mean \|g\|²$/m,
  );
  expect(stdout).toMatch(/5 % of 140 training examples that are not in it are covered less than \d+\.\d %/);
  const rows = stdout.split("\n").filter((line) => line.startsWith("test:") && line.includes("train:"));
  expect(rows.length).toBe(3);
  const shares = rows.map((line) => Number(/(\d+\.\d) %/.exec(line)?.[1]));
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(stdout).toContain("37 more are covered better");
  expect(stdout).toContain("Not covered is not wrong");
});

it("tells noise from digits, beside the baselines, and says which tells them apart best", async () => {
  const { code, stdout } = await coverage("--query", "test:0-39", "--other", noise);
  expect(code).toBe(0);
  for (const score of ["coverage", "energy outside", "similarity", "probability", "feature distance", "input distance"])
    expect(stdout).toMatch(new RegExp(`^${score} +[01]\\.\\d{3} +[01]\\.\\d{3} to [01]\\.\\d{3} +\\d`, "m"));
  expect(stdout).toMatch(
    /^Coverage tells them apart best of these\.|^Of these .* tells them apart best, not coverage\./m,
  );
});

it("--json holds every score, the curve and the interval in full", async () => {
  const { code, stdout } = await coverage("--query", "test:0-39", "--other", noise, "--count", "20", "--json");
  expect(code).toBe(0);
  const value = JSON.parse(stdout);
  expect(value).toMatchObject({
    schema: "pathkernel.coverage/1",
    step: 14,
    form: "trace",
    span: { features: 60, weak: "ridge" },
    heldOut: { examples: 140 },
    inside: { name: "test:0-39", queries: 40 },
    outside: { name: noise, queries: 20 },
  });
  expect(value.outside.scores.coverage.length).toBe(20);
  expect(value.queries.length).toBe(40);
  const own = value.separations.find(({ score }: { score: string }) => score === "coverage");
  // The curve's area by trapezoids is the area of pairs.
  const { truePositives: y, falsePositives: x } = value.roc;
  let area = 0;
  for (let k = 1; k < x.length; k++) area += ((x[k] - x[k - 1]) * (y[k] + y[k - 1])) / 2;
  expect(own.auroc).toBeCloseTo(area, 12);
  expect(own.low).toBeLessThanOrEqual(own.auroc);
});

it("draws the sets, and with two the ROC curves, with the numbers beside", async () => {
  for (const [name, out, title] of [
    ["list.svg", [], "How far queries are covered"],
    ["sets.svg", ["--other", noise], "Telling foreign queries apart: test:0-39 against"],
  ] as const) {
    const file = join(folder, name);
    expect((await coverage("--query", "test:0-39", ...out, "--figure", file)).code).toBe(0);
    expect(readFileSync(file, "utf8")).toContain(title);
    expect(readFileSync(`${file}.csv`, "utf8").split("\n").length).toBeGreaterThan(8);
  }
});

it("makes the span of the training examples that are named, each once, and says of each query which is nearest", async () => {
  const args = ["coverage", run, "--query", "train:150,3", "--json"];
  const { code, stdout } = await cli([...args, "--of", "train:150-159,150", "--memory", "1MB"]);
  expect(code).toBe(0);
  const { span, heldOut, queries } = JSON.parse(stdout);
  expect([span.features, heldOut.examples]).toEqual([10, 190]);
  // One of them lies in the span, as its own nearest.
  const own = queries.find(({ query }: { query: string }) => query === "train:150");
  expect(own).toMatchObject({ nearest: "train:150", nearestLabel: own.label });
  expect(own.covered).toBeGreaterThan(queries.find(({ query }: { query: string }) => query === "train:3").covered);
});

it("takes any step, the predicted class alone, and a tolerance", async () => {
  const { code, stdout } = await coverage(
    "--at",
    "3",
    "--form",
    "predicted",
    "--tolerance",
    "1e-9",
    "--query",
    "test:0-9",
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^span of 60 training examples, tangent kernel of the largest output, before step 3, \d+ directions above the tolerance/,
  );
});

it("refuses data of another shape, flags that do not fit and steps that are not there, each in a line", async () => {
  const cases = [
    [
      ["--other", "printed-digits"],
      2,
      "--other must hold examples of shape (1, 8, 8) as the run's data, got (1, 28, 28) of printed-digits",
    ],
    [["--count", "3"], 2, "--count belongs to --other"],
    [["--at", "99"], 2, "--at must be last or lie in 0..14, got 99"],
    [["--of", "train:0-9;test:3"], 2, "--of must name training examples, as in train:0-1999, got test:3"],
    [["--memory", "1B"], 2, /^error: --memory must be at least \d+ bytes for .*, got 1\n$/],
    [["--form", "outputs"], 2, '--form must be one of trace, predicted, got "outputs"'],
    [["--other", "notmnst"], 2, "--other must be one of"],
    [["--query", "test:9999"], 2, "query test:9999: the index must lie in 0.."],
  ] as const;
  for (const [args, code, text] of cases) {
    const found = await coverage(...args);
    expect([args, found.code]).toEqual([args, code]);
    if (typeof text === "string") expect(found.stderr).toContain(text);
    else expect(found.stderr).toMatch(text);
    expect(found.stdout).toBe("");
  }
});
