// Chords and superpositions on the command line, for people and as JSON.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cli, SMALL_TRAINING, temporaryFolder, withFlag } from "../helpers/cli.ts";

const folder = temporaryFolder();
const RUN = join(folder, "small.pkrun");
const STEPS = 14; // 2 epochs of ceil(200 / 32) batches
const STORE = join(RUN, "superposition");

async function json(...args: string[]) {
  const { code, stdout, stderr } = await cli([...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

beforeAll(async () => {
  const { code, stdout, stderr } = await cli([
    ...withFlag(SMALL_TRAINING, "--optimizer", "momentum"),
    "--superposition",
    "-o",
    RUN,
  ]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${RUN}\n` });
  expect(stderr).toMatch(/^displacements +200 of 610 parameters, over 14 steps, 976 kB$/m);
  expect(stderr).toMatch(
    /^contributions +moved by \d.* % from those of the steps' own lines .*, measured on test:0 at \d.* of the cost$/m,
  );
});

describe("explain --chord", () => {
  it("adds up and says how far contributions moved", async () => {
    const { code, stdout } = await cli(["explain", RUN, "--query", "test:0-19", "--chord", "4", "--rule", "gauss4"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^path: 4 chords of at most 4 steps; contributions moved by \d.* % from those of the steps' own lines \(correlation [01]\.\d{4}\), measured on test:10 at 0\.1\d* of the cost$/m,
    );
    const value = await json("explain", RUN, "--query", "test:0-1", "--chord", "4", "--shift", "1.4", "--all");
    expect(value).toMatchObject({ path: "chords", chord: 4, shift: { queries: ["test:1"], chords: 1, ofChords: 4 } });
    for (const row of value.rows) {
      const net = row.contributions.reduce((sum: number, c: number) => sum + c, 0);
      expect(row.prior + net + row.residual + row.closure).toBeCloseTo(row.output, 12);
      expect(
        row.residualByStep.filter((_: number, s: number) => ![3, 7, 11, 13].includes(s)).every((r: number) => r === 0),
      ).toBe(true);
    }
  });

  it("says what measuring would take where it does not pay", async () => {
    const { stdout } = await cli(["explain", RUN, "--query", "test:0", "--chord", "7"]);
    expect(stdout).toMatch(/; by how much was not measured \(--shift 5 would pay for it\)$/m);
    const { stdout: steps } = await cli(["explain", RUN, "--query", "test:0"]);
    expect(steps).not.toContain("path:");
  });

  it("--plan counts chords", async () => {
    const value = await json("explain", RUN, "--query", "test:0-9", "--chord", "4", "--plan");
    expect(value).toMatchObject({ chord: 4, lines: 4, steps: STEPS });
    const { stdout } = await cli(["explain", RUN, "--query", "test:0-9", "--chord", "4", "--plan"]);
    expect(stdout).toMatch(/^chords +4 of 4 steps$/m);
  });

  it("verify checks the sum along them", async () => {
    const value = await json("verify", RUN, "--query", "test:0-9", "--chord", "4");
    expect(value).toMatchObject({ passed: true, path: "chords", chord: 4 });
    const { stdout } = await cli(["verify", RUN, "--query", "test:0", "--chord", "4"]);
    expect(stdout).toMatch(/^path +4 chords of at most 4 steps$/m);
  });

  it.each([
    [["--chord", "0"], '--chord must be a whole number >= 1, got "0"'],
    [
      ["--chord", "2", "--superposition"],
      "--chord does not belong to --superposition, which is one chord over all steps",
    ],
    [["--shift", "1"], "--shift belongs to --chord. steps' own lines move nothing"],
    [["--superposition", "--plan"], "--plan does not belong to --superposition"],
  ])("%j is refused", async (flags, message) => {
    expect(await cli(["explain", RUN, "--query", "test:0", ...flags])).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: ${message}\n`,
    });
  });
});

describe("superposition and explain --superposition", () => {
  it("train --superposition keeps one with the run, and explain answers from it", async () => {
    expect(readdirSync(STORE).sort()).toEqual(["displacements.npy", "manifest.json", "terms.npy"]);
    const { code, stdout } = await cli(["explain", RUN, "--query", "test:0", "--superposition"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^path: superposition, one chord over all 14 steps; contributions moved by \d.*, measured on test:0 at /m,
    );
    const value = await json("explain", RUN, "--query", "test:0", "--superposition", STORE, "--tolerance", "1e-8");
    expect(value).toMatchObject({ path: "superposition", chord: STEPS, rule: "auto", tolerance: 1e-8 });
    expect(value.rows[0].residualRelative).toBeLessThan(1e-8);
    expect(value.rows[0].closureRelative).toBeLessThan(1e-12);
  });

  it("info tells of it, and of one that is broken", async () => {
    const { stdout } = await cli(["info", RUN]);
    expect(stdout).toMatch(
      /^superposition +200 displacements of 610 parameters over 14 steps, 976 kB, booked while training; contributions moved by /m,
    );
    const file = join(STORE, "manifest.json");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.slice(1));
    const value = await json("info", RUN);
    writeFileSync(file, text);
    expect(value.superposition).toBeNull();
    expect(value.missing).toEqual([expect.objectContaining({ part: "superposition", disables: [] })]);
    expect((await json("info", RUN)).superposition).toMatchObject({ examples: 200, madeBy: "training", steps: STEPS });
  });

  it("builds the same one from the run, elsewhere or in its place", async () => {
    const out = join(folder, "apart");
    const built = await json("superposition", RUN, "--measure", "none", "-o", out);
    expect(built).toMatchObject({
      path: out,
      examples: 200,
      parameters: 610,
      steps: STEPS,
      terms: [],
      madeBy: "replay",
    });
    expect(built.shift).toBeUndefined();
    const answers = await Promise.all(
      [STORE, out].map((store) => json("explain", RUN, "--query", "test:3", "--superposition", store, "--all")),
    );
    const [a, b] = answers.map(({ rows }) => rows[0].contributions as number[]);
    expect(Float64Array.from(a)).toBeAllclose(Float64Array.from(b), { atol: 1e-12, rtol: 1e-10 });
    expect(await cli(["superposition", RUN, "-q"])).toEqual({
      code: 1,
      stdout: "",
      stderr: `error: cannot make ${STORE}: a superposition is there. replace it with --force\n`,
    });
    const { code, stdout } = await cli([
      "superposition",
      RUN,
      "--force",
      "-q",
      "--measure",
      "test:0",
      "--measure",
      "train:1",
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${STORE}\n` });
  });

  it("refuses to train with one that does not fit, before anything is recorded", async () => {
    const path = join(folder, "none.pkrun");
    expect(await cli([...SMALL_TRAINING, "-q", "--superposition", "100kB", "-o", path])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error: --superposition must be at least 976000 bytes for 200 examples and 610 parameters, got 100000. or build it afterwards, in any memory: pathkernel superposition RUN\n",
    });
    expect(readdirSync(folder)).not.toContain("none.pkrun");
  });

  it("says how to make one where there is none", async () => {
    const none = join(folder, "none");
    expect(await cli(["explain", RUN, "--query", "test:0", "--superposition", none])).toEqual({
      code: 1,
      stdout: "",
      stderr: `error: no superposition at ${none}. make one with pathkernel superposition ${RUN}\n`,
    });
  });
});
