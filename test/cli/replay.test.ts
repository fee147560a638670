// `pathkernel replay`, and what train and info say of checkpoints.

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { sha256 } from "../../src/numeric/sha256.node.ts";
import { checkpointFile, decodeCheckpoint, encodeCheckpoint } from "../../src/run/checkpoint-format.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { cli, SMALL_TRAINING, temporaryFolder, withFlag } from "../helpers/cli.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
/** 14 steps of Adam with the first and the last checkpoint, and one in the middle. */
const ENDS = at("ends.pkrun");
const SOME = at("some.pkrun");
const STEPS = 14;
const TRAINING = withFlag(withFlag(SMALL_TRAINING, "--optimizer", "adam"), "--lr", "0.01");

async function json(...args: string[]) {
  const { code, stdout, stderr } = await cli([...args, "--json"]);
  return { code, stderr, value: JSON.parse(stdout) };
}

/** A copy of the run with a checkpoint in the middle, one of whose parameters is moved, with its hash. */
function doctored(name: string): string {
  const path = at(name);
  cpSync(SOME, path, { recursive: true });
  const step = 7;
  const file = join(path, checkpointFile(step));
  const before = readFileSync(file);
  const size = 64 * 8 + 8 + 8 * 10 + 10;
  const checkpoint = decodeCheckpoint(new Uint8Array(before), file, {
    step,
    dtype: "float64",
    layout: { size, entries: [] },
  });
  checkpoint.params[size - 1] += 0.01;
  const after = encodeCheckpoint(checkpoint);
  writeFileSync(file, after);
  const hashes = join(path, "checkpoints.sha256");
  writeFileSync(hashes, readFileSync(hashes, "utf8").replace(sha256(before), sha256(after)));
  return path;
}

beforeAll(async () => {
  const { code, stderr } = await cli([...TRAINING, "--checkpoint-budget", "0", "-o", ENDS]);
  expect(code).toBe(0);
  expect(stderr).toContain(
    "checkpoints 2, the first and the last: any step at most 13 steps of replay away; 33 kB in all\n",
  );
  // Three of the files of 610 x 3 float64, 4 blocks of 4 KiB each.
  const some = await json(...TRAINING, "--checkpoint-budget", "50kB", "-o", SOME);
  expect(some.value.checkpoints).toEqual({ count: 3, replaySteps: 6, bytes: 3 * 16384 });
});

describe("info", () => {
  it("says how far any step is from a checkpoint", async () => {
    expect((await cli(["info", SOME])).stdout).toMatch(
      /^checkpoints +3, one every 7 steps: any step at most 6 steps of replay away$/m,
    );
    expect((await json("info", ENDS)).value).toMatchObject({ checkpoints: [0, STEPS], replaySteps: 13 });
  });
});

describe("replay", () => {
  it("proves a run, and exits with 0", async () => {
    const { code, stdout, stderr } = await cli(["replay", SOME]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^replayed +steps 0 to 14: 14 steps in \d/);
    expect(stdout).toMatch(/^here +as recorded$/m);
    expect(stdout).toMatch(/^checkpoints +2 of 2 met bit for bit$/m);
    expect(stdout).toMatch(/^numbers +loss and gradient norm of 14 of 14 steps bit for bit$/m);
    expect(stdout).toMatch(/^verdict +the replay is the training, bit for bit$/m);
  });

  it("--from and --to name the steps; what no checkpoint proves is said", async () => {
    const { code, value } = await json("replay", SOME, "--from", "8", "--to", "10");
    expect(code).toBe(0);
    expect(value).toMatchObject({
      schema: "pathkernel.replay/1",
      run: SOME,
      from: 8,
      to: 10,
      start: 7,
      replayed: 3,
      exact: true,
      differences: [],
      checkpoints: [],
      scalars: { compared: 3, equal: 3 },
    });
    expect((await cli(["replay", SOME, "--to", "9"])).stdout).toMatch(
      /^verdict +the replay is the training, bit for bit; the last 2 steps by loss and gradient norm alone$/m,
    );
    expect((await cli(["replay", SOME, "--from", "7", "--to", "7"])).stdout).toMatch(/^verdict +nothing to replay/m);
  });

  it("proves a checkpoint whose file is gone by its hash", async () => {
    const path = at("stripped.pkrun");
    cpSync(SOME, path, { recursive: true });
    rmSync(join(path, checkpointFile(7)));
    expect((await openRun(path)).checkpoints).toEqual([0, STEPS]);
    const { code, stdout } = await cli(["replay", path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^checkpoints +2 of 2 met bit for bit, 1 by their hashes alone$/m);
  });

  it("exits with 3 where a checkpoint is not met, and explain still closes with a term replay", async () => {
    const path = doctored("moved.pkrun");
    const { code, stdout } = await cli(["replay", path]);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /^checkpoints +0 of 2 met bit for bit; the first that is not, before step 7, differs by up to 1\.0e-2$/m,
    );
    expect(stdout).toMatch(/^numbers .* of 7 of 14 steps bit for bit; the first that differ are of step 7$/m);
    expect(stdout).toMatch(/^verdict +the replay is not the training; /m);
    const { value } = await json("explain", path, "--query", "test:0", "--rule", "gauss3");
    const [row] = value.rows;
    expect(row.terms.map(({ name }: { name: string }) => name)).toEqual(["replay"]);
    expect(Math.abs(row.terms[0].value)).toBeGreaterThan(1e-4);
    expect(row.closureRelative).toBeLessThan(1e-12);
  });

  it("says before it starts what differs here, and so does explain where steps are replayed", async () => {
    const path = at("elsewhere.pkrun");
    cpSync(ENDS, path, { recursive: true });
    const manifest = join(path, "manifest.json");
    const other = readFileSync(manifest, "utf8").replace(/"software": ".*"/, '"software": "pathkernel 9.9.9"');
    writeFileSync(manifest, other);
    const warning = /^replayed steps may differ in their last bits: software: pathkernel 9\.9\.9 recorded, pathkernel /;
    for (const args of [
      ["replay", path],
      ["explain", path, "--query", "test:0", "--rule", "left"],
    ]) {
      expect((await json(...args)).value.warnings).toEqual([expect.stringMatching(warning)]);
    }
    expect((await cli(["replay", path])).stderr).toMatch(/^warning: replayed steps may differ/);
  });

  it.each([
    [["--from", "15"], "--from must lie in 0..14, got 15"],
    [["--from", "9", "--to", "8"], "--from must not lie behind --to, got 9 and 8"],
    [["--to", "last"], '--to must be a whole number >= 0, got "last"'],
    [["--readout", "margin"], "--readout belongs to --without. a replay by itself explains nothing"],
    [["--without", "3;4"], '--without must hold indices like 17,23 or 100-120, got "3;4"'],
    [["--without", "5-4"], '--without must hold indices like 17,23 or 100-120, got "5-4"'],
    [["--without", "0-99999999"], '--without must name at most 10000000 indices, got "0-99999999"'],
    [["--without", "3,200"], "--without must hold training examples 0..199, got 200"],
    [["--without", "3", "--from", "2"], "option '--without <indices>' cannot be used with option '--from <step>'"],
    [["--without", "3", "--weights", "men"], '--weights must be one of mean, kept, got "men". did you mean mean?'],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await cli(["replay", SOME, ...args]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${message}\n` });
  });
});

describe("replay --without", () => {
  it("puts influence beside contribution", async () => {
    const { code, stdout, stderr } = await cli(["replay", SOME, "--without", "17,23", "--query", "test:0-3"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^query +readout +output +without +influence +contribution$/m);
    expect(stdout).toMatch(/^test:3 +margin:\d-\d +[+-][\d.]+ +[+-][\d.]+ +[+-][\d.]+ +[+-][\d.]+$/m);
    expect(stdout).toMatch(/^correlation +of influence with -contribution over 4 rows: -?[01]\.\d{3}$/m);
    expect(stderr).toMatch(/^2 examples left out 4 times, first at step \d+; the rest of a batch averaged; residual /);
  });

  it("--json adds up, for both ways of weighting the rest", async () => {
    const left = ["--without", "3-5", "--readout", "logit:2", "--rule", "left"];
    const { value } = await json("replay", SOME, ...left);
    expect(value).toMatchObject({
      schema: "pathkernel.counterfactual/1",
      run: SOME,
      without: [3, 4, 5],
      weights: "mean",
      occurrences: 6,
      skippedSteps: 0,
      steps: STEPS,
      rule: "left",
    });
    expect(value.rows).toHaveLength(10);
    for (const row of value.rows) {
      expect(row.readout).toBe("logit:2");
      expect(row.influence).toBe(row.outputWithout - row.output);
      expect(row.contribution).toBeAllclose(
        row.contributions.reduce((a: number, b: number) => a + b),
        { rtol: 1e-12 },
      );
    }
    const kept = (await json("replay", SOME, ...left, "--weights", "kept")).value;
    expect(kept.weights).toBe("kept");
    kept.rows.forEach((row: { contribution: number; influence: number }, r: number) => {
      expect(row.contribution).toBe(value.rows[r].contribution);
      expect(row.influence).not.toBe(value.rows[r].influence);
    });
  });
});
