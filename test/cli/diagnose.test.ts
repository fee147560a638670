// `pathkernel diagnose`: its table, its sentences, its JSON, its figure, and what it refuses.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cli, SMALL_TRAINING, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
const RUN = join(folder, "small.pkrun");
const STEPS = 14; // 2 epochs of ceil(200 / 32) batches
const FEW = ["diagnose", RUN, "--of", "train:0-39", "--query", "test:0-9"];

beforeAll(async () => {
  await cli([...SMALL_TRAINING, "-o", RUN]);
});

describe("diagnose", () => {
  it("prints a column a step and one for the inputs, and a sentence a measure", async () => {
    const { code, stdout, stderr } = await cli([...FEW, "--at", "0,5,last", "--per", "layer"]);
    expect({ code, warned: /warning|error/.test(stderr) }).toEqual({ code: 0, warned: false });
    expect(stdout).toMatch(/^mlp:\S+, 40 examples \(train:0-39\), K = trace of J J' over 10 outputs, float64\n\n/);
    expect(stdout).toMatch(/^before step +inputs +0 +5 +14$/m);
    for (const row of [
      "loss +-",
      "accuracy +-",
      " {2}effective rank",
      " {2}CKA, debiased",
      " {2}layers.0: share of the trace",
    ])
      expect(stdout).toMatch(new RegExp(`^${row}( +\\S+){3}`, "m"));
    const said = stdout.slice(stdout.indexOf("What it says before step 14:"));
    for (const measure of [
      "spectrum",
      "null-space",
      "alignment",
      "movement",
      "linearisation",
      "separability",
      "blocks",
    ])
      expect(said).toMatch(new RegExp(`^${measure} +\\S`, "m"));
    expect(said).toMatch(/^spectrum {7}effective rank \d\S* of 40: by their gradients/m);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("--json holds the whole record, every number of the table among it, once", async () => {
    const { code, stdout, stderr } = await cli([
      ...FEW,
      "--at",
      "0,last",
      "--measure",
      "spectrum,movement,blocks",
      "--json",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const value = JSON.parse(stdout);
    expect(value).toMatchObject({
      schema: "pathkernel.diagnose/1",
      run: RUN,
      dtype: "float64",
      outputs: 10,
      plan: {
        steps: [0, STEPS],
        sample: "train:0-39",
        examples: 40,
        measures: ["spectrum", "movement", "blocks"],
        skipped: [],
      },
      movement: { steps: [0, STEPS] },
      nonFinite: [],
    });
    expect(value.steps.map(({ step }: { step: number }) => step)).toEqual([0, STEPS]);
    expect(value.steps[1].spectrum.values).toHaveLength(40);
    expect(value.steps[1].spectrum.shares.reduce((a: number, b: number) => a + b)).toBeCloseTo(1, 12);
    expect(value.steps[1].blocks.order.order).toHaveLength(40);
    expect(value.steps[1].alignment).toBeUndefined();
    expect(value.sentences.map(({ measure }: { measure: string }) => measure)).toEqual([
      "spectrum",
      "movement",
      "blocks",
    ]);
  });

  it("--plan says what it would take and computes nothing; what will take long is said first, with a smaller sample", async () => {
    const { code, stdout } = await cli(["diagnose", RUN, "--plan"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^examples +200 \(train:0-199\)$/m);
    expect(stdout).toMatch(/^before steps +0, \d.*, 14$/m);
    expect(stdout).toMatch(/^time +about \d/m);
    const value = JSON.parse((await cli(["diagnose", RUN, "--plan", "--json"])).stdout);
    expect(value).toMatchObject({ schema: "pathkernel.diagnose-plan/1", examples: 200, replays: 0 });
    expect(value.estimatedSeconds).toBeGreaterThan(0);
  });

  it("--figure draws spectra, alignment, distances and the kernel by class, with the numbers beside", async () => {
    const path = join(folder, "picture.svg");
    const { code, stderr } = await cli([...FEW, "--at", "0,last", "--figure", path]);
    expect(code).toBe(0);
    expect(stderr).toContain(`figure written to ${path}`);
    const svg = readFileSync(path, "utf8");
    for (const title of [
      "Spectrum of the tangent kernel",
      "Alignment",
      "Distance of the kernels",
      "Cosines of gradients",
    ])
      expect(svg).toContain(title);
    expect(existsSync(`${path}.csv`)).toBe(true);
  });

  it.each([
    [["--at", "0,15"], `--at must hold last or steps in 0..${STEPS}, got 15`],
    [["--measure", "spectrum,cka"], '--measure must hold some of spectrum, null-space, .*, got "spectrum,cka"'],
    [["--of", "train:999"], "query train:999: the index must lie in 0..199, got 999"],
    [["--figure", "picture.pdf"], '--figure must be a file that ends in .svg or .png, got "picture.pdf"'],
    [["--per", "parameter"], '--per must be one of layer, got "parameter"'],
  ])("refuses %j in one line", async (args, message) => {
    const { code, stdout, stderr } = await cli(["diagnose", RUN, ...args]);
    expect({ code: code !== 0, stdout }).toEqual({ code: true, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^error: ${message}`));
  });
});
