// Every command on a small recorded run, for people and as JSON.

import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeFileAtomic } from "../../src/numeric/files.node.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { decodeSafetensors } from "../../src/numeric/safetensors.ts";
import { zeros } from "../../src/numeric/tensor.ts";
import { runHash } from "../../src/run/run-hash.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { abortedWhen, times } from "../helpers/aborted-when.ts";
import { cli, SMALL_TRAINING, temporaryFolder, withFlag } from "../helpers/cli.ts";

const folder = temporaryFolder();
const RUN = join(folder, "small.pkrun");
const STEPS = 14; // 2 epochs of ceil(200 / 32) batches

/** The one JSON value of a command that must succeed silently. */
async function json(...args: string[]) {
  const { code, stdout, stderr } = await cli([...args, "--json"]);
  expect({ stderr, newlines: stdout.split("\n").length - 1 }).toEqual({ stderr: "", newlines: 1 });
  return { code, value: JSON.parse(stdout) };
}

beforeAll(async () => {
  const { code, stdout, stderr } = await cli([...SMALL_TRAINING, "-o", RUN]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${RUN}\n` });
  expect(stderr).toContain("optimizer  sgd: lr 0.2, momentum 0, dampening 0, nesterov false, weightDecay 0\n");
  expect(stderr).toMatch(/complete after 14 of 14 steps, loss of the last batch \d.*, accuracy \d.* % on training, /);
});

describe("train", () => {
  it("--json holds path, status, steps and the resolved setup", async () => {
    const path = join(folder, "json.pkrun");
    const { code, value } = await json(...withFlag(SMALL_TRAINING, "--optimizer", "momentum"), "-o", path);
    expect(code).toBe(0);
    expect(value).toMatchObject({
      schema: "pathkernel.train/1",
      path,
      status: "complete",
      steps: STEPS,
      plannedSteps: STEPS,
    });
    expect(value.setup.optimizer).toEqual({
      name: "momentum",
      options: { lr: 0.2, momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 0 },
    });
    expect(value.accuracy.test).toBeGreaterThan(0.1);
    expect(value.nonFinite).toEqual([]);
  });

  it("the same command line records the same run", async () => {
    const again = join(folder, "again.pkrun");
    await cli([...SMALL_TRAINING, "-o", again]);
    const [a, b] = [await openRun(RUN), await openRun(again)];
    expect((await a.checkpoint(STEPS)).params).toEqual((await b.checkpoint(STEPS)).params);
    expect(a.scalars).toEqual(b.scalars);
  });

  it("--resume goes on with a run that was stopped, to the same hash, and leaves a complete one", async () => {
    const path = join(folder, "stopped.pkrun");
    const training = withFlag(SMALL_TRAINING, "--epochs", "40"); // long enough to be stopped
    await cli([...training, "-o", join(folder, "whole.pkrun")]);
    const signal = abortedWhen(times(100, () => existsSync(path)));
    expect((await cli([...training, "-o", path], { signal })).code).toBe(130);
    const { code, stdout, stderr } = await cli(["train", "--resume", path]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${path}\n` });
    expect(stderr).toMatch(/goes on from step \d+ of 280\n/);
    expect(stderr).toContain("complete after 280 of 280 steps");
    expect(await runHash(await openRun(path))).toBe(await runHash(await openRun(join(folder, "whole.pkrun"))));
    const again = await json("train", "--resume", path);
    expect(again.value).toMatchObject({ status: "complete", steps: 280 });
  });

  it("takes given batches, trains what --trainable names, and says nothing with --quiet", async () => {
    const batches = join(folder, "batches.npy");
    const indices = { ...zeros("int32", [3, 4]), data: Int32Array.from({ length: 12 }, (_, k) => k * 3) };
    writeFileAtomic(batches, encodeNpy(indices));
    const path = join(folder, "given.pkrun");
    const lengthless = SMALL_TRAINING.filter(
      (_, k) =>
        !["--epochs", "--batch"].includes(SMALL_TRAINING[k]) &&
        !["--epochs", "--batch"].includes(SMALL_TRAINING[k - 1]),
    );
    const args = [...lengthless, "--batches", batches, "--trainable", "layers.1.*", "-q", "-o", path];
    expect(await cli(args)).toEqual({ code: 0, stdout: `${path}\n`, stderr: "" });
    const run = await openRun(path);
    expect(run.manifest.model.trainable).toEqual(["layers.1.weight", "layers.1.bias"]);
    expect(run.batches.map((batch) => [...batch.indices])).toEqual([
      [0, 3, 6, 9],
      [12, 15, 18, 21],
      [24, 27, 30, 33],
    ]);
    const accumulated = [...lengthless, "--batches", batches, "--accumulate", "3", "-o", join(folder, "one.pkrun")];
    expect((await cli(accumulated)).stderr).toContain(`${batches}, 3 times one a step\n`);
  });

  it("refuses to replace a run without --force", async () => {
    const { code, stderr } = await cli([...SMALL_TRAINING, "-o", RUN]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: cannot make the run ${RUN}: a run has that name. choose another name, or replace it with --force\n`,
    });
  });
});

describe("explain", () => {
  it("prints a ledger for each query", async () => {
    const { code, stdout } = await cli(["explain", RUN, "--query", "test:3,5"]);
    expect(code).toBe(0);
    expect(stdout.match(/^test:[35]: predicted \d, label \d/gm)).toHaveLength(2);
    for (const line of [
      /^output +[+-]\d/m,
      /^prior +[+-]/m,
      /^residual +-?\d.*rule auto, tolerance 0\.0001$/m,
      /^closure /m,
      /^cancels \[/m,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect(stdout).toMatch(/^ {2}7 +[+-]\d+\.\d+ +\d+ examples .*│/m);
  });

  it("--json adds up: output = prior + contributions + terms + residual + closure", async () => {
    const { value } = await json("explain", RUN, "--query", "test:0-1", "--query", "train:4", "--all");
    expect(value).toMatchObject({
      schema: "pathkernel.explain/1",
      rule: "auto",
      tolerance: 1e-4,
      examples: 200,
      steps: STEPS,
    });
    expect(value.rows.map((row: { query: string }) => row.query)).toEqual(["test:0", "test:1", "train:4"]);
    for (const row of value.rows) {
      expect(row.contributions).toHaveLength(200);
      const net = row.contributions.reduce((sum: number, c: number) => sum + c, 0);
      const terms = row.terms.reduce((sum: number, term: { value: number }) => sum + term.value, 0);
      expect(row.prior + net + terms + row.residual + row.closure).toBeCloseTo(row.output, 12);
      expect(row.pulls.reduce((sum: number, { pull }: { pull: number }) => sum + pull, 0)).toBeCloseTo(net, 12);
      expect(row.residualByStep).toHaveLength(STEPS);
      const best = Math.max(...row.contributions);
      expect(row.proponents[0]).toMatchObject({ example: row.contributions.indexOf(best), contribution: best });
    }
  });

  it("without --all --json holds the ten strongest on either side", async () => {
    const { value } = await json("explain", RUN, "--query", "test:0");
    const [row] = value.rows;
    expect(row.contributions).toBeUndefined();
    expect([row.proponents.length, row.opponents.length]).toEqual([10, 10]);
    expect(
      row.proponents.every(
        (one: { contribution: number }, k: number) => k === 0 || one.contribution <= row.proponents[k - 1].contribution,
      ),
    ).toBe(true);
  });

  it("takes the user's own array, readouts and targets", async () => {
    const file = join(folder, "own.npy");
    writeFileAtomic(
      file,
      encodeNpy({
        ...zeros("float64", [2, 1, 8, 8]),
        data: Float64Array.from({ length: 128 }, (_, k) => Math.sin(k) ** 2),
      }),
    );
    const { value } = await json("explain", RUN, "--input", file, "--readout", "loss", "--target", "3");
    expect(value.rows.map((row: { query: string; readout: string }) => [row.query, row.readout])).toEqual([
      ["input:0", "loss"],
      ["input:1", "loss"],
    ]);
    const { code, stderr } = await cli(["explain", RUN, "--input", file, "--readout", "loss"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "error: readout loss: query input:0 needs a target; give one with --target\n",
    });
  });

  it("--plan says what it would cost and runs nothing", async () => {
    const { code, stdout } = await cli(["explain", RUN, "--query", "test:0-9", "--plan"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rows +10$/m);
    expect(stdout).toMatch(/^time +about \d/m);
    const { value } = await json("explain", RUN, "--query", "test:0-9", "--plan");
    expect(value).toMatchObject({ schema: "pathkernel.plan/1", rows: 10, steps: STEPS });
    expect(value.flops).toBeGreaterThan(0);
  });

  it("the left rule leaves a larger residual than the adaptive one", async () => {
    const residual = async (...args: string[]) =>
      (await json("explain", RUN, "--query", "test:0", ...args)).value.rows[0].residualRelative;
    expect(await residual("--rule", "left")).toBeGreaterThan(100 * (await residual("--tolerance", "1e-8")));
  });
});

describe("verify", () => {
  it("passes on the adaptive rule with 0 and fails on the left rule with 3", async () => {
    const good = await cli(["verify", RUN]);
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/^residual +holds: .*allowed 1\.0e-6\nclosure +holds: .*allowed 1\.0e-12\n$/m);
    expect(good.stdout.match(/^test:\d+/gm)).toHaveLength(20);
    const bad = await cli(["verify", RUN, "--query", "test:0", "--rule", "left", "--tolerance", "1e-10"]);
    expect(bad.code).toBe(3);
    expect(bad.stdout).toMatch(/^residual +does not hold: /m);
    expect(bad.stdout).toMatch(/^closure +holds: /m);
  });

  it("--json says the same", async () => {
    const { code, value } = await json("verify", RUN, "--query", "test:0-2", "--rule", "left", "--tolerance", "1e-10");
    expect(code).toBe(3);
    expect(value).toMatchObject({
      schema: "pathkernel.verify/1",
      passed: false,
      residual: { holds: false, limit: 1e-10 },
      closure: { holds: true },
    });
    expect(value.rows).toHaveLength(3);
  });
});

it("what takes longer than a second says how far it is, on stderr", async () => {
  let time = 0;
  const now = () => {
    time += 500;
    return time;
  };
  const args = ["explain", RUN, "--query", "test:0"];
  const { code, stdout, stderr } = await cli(args, { now });
  expect({ code, stdout }).toEqual({ code: 0, stdout: (await cli(args)).stdout });
  expect(stderr).toMatch(/^(explain +\d+ %( · [\d.]+ s left)?\n){3,10}$/);
});

describe("explain --out", () => {
  it("writes what --json prints, and goes on after it was broken off to the same value", async () => {
    const [whole, parts] = [join(folder, "whole.json"), join(folder, "parts.json")];
    const flags = ["explain", RUN, "--query", "test:0-3", "--rule", "gauss2"];
    const { value } = await json(...flags, "--all", "-o", whole);
    const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
    expect(read(whole)).toEqual(value);
    expect(existsSync(`${whole}.partial`)).toBe(false);
    const signal = abortedWhen(times(9, () => existsSync(`${parts}.partial/state.json`)));
    const { code, stderr } = await cli([...flags, "--all", "-o", parts], { signal });
    expect(code).toBe(130);
    expect(stderr).toContain(`what is done is kept in ${parts}.partial: the same command with --resume goes on`);
    const again = await cli([...flags, "--all", "-o", parts]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("holds a part of an explanation") });
    const resumed = await cli([...flags, "--all", "-o", parts, "--resume"]);
    expect(resumed.code).toBe(0);
    expect(read(parts).rows).toEqual(value.rows);
    expect(existsSync(`${parts}.partial`)).toBe(false);
  });

  it("refuses flags that do not fit together, and a place that cannot be written, before it begins", async () => {
    const flags = ["explain", RUN, "--query", "test:0"];
    for (const [more, message] of [
      [["--resume"], "--resume belongs to --out"],
      [["-o", join(folder, "x.json"), "--resume", "--force"], "--resume goes on and --force starts again"],
      [["-o", join(folder, "x.json"), "--plan"], "--out does not belong to --plan"],
    ] as const) {
      expect(await cli([...flags, ...more])).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    }
    expect(await cli([...flags, "-o", join(folder, "none/x.json")])).toMatchObject({ code: 1 });
  });
});

describe("info", () => {
  it("names what was recorded", async () => {
    const { code, stdout } = await cli(["info", RUN]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^status +complete, 14 of 14 steps recorded$/m);
    expect(stdout).toMatch(
      /^data +digits: 200 training examples \(limited\), 360 test, 10 classes, sha256 [0-9a-f]{12}/m,
    );
    expect(stdout).toMatch(/^model +mlp:8:tanh, float64, 610 parameters trained in 4 tensors$/m); // 64*8 + 8 + 8*10 + 10
    expect(stdout).toMatch(/^ {2}checkpoints +\d.* in 15 files$/m);
  });

  it("--json holds the setup, the checkpoints and the sizes", async () => {
    const { value } = await json("info", RUN);
    expect(value).toMatchObject({ schema: "pathkernel.info/1", path: RUN, status: "complete", steps: STEPS });
    expect(value.checkpoints).toEqual(Array.from({ length: STEPS + 1 }, (_, k) => k));
    expect(value.sizes.map(({ part }: { part: string }) => part)).toContain("model.onnx");
    expect(value).toMatchObject({ complete: true, recordedSteps: STEPS, plannedSteps: STEPS, missing: [] });
    expect(value).toMatchObject({ optimizer: { name: "sgd" }, data: { source: "digits", found: true } });
    expect(value.hash).toBe(await runHash(await openRun(RUN)));
  });

  it("names all that is missing, and exits with 3 where the run cannot be opened", async () => {
    const path = join(folder, "broken.pkrun");
    cpSync(RUN, path, { recursive: true });
    rmSync(join(path, "checkpoints/00000003.safetensors"));
    const gap = await json("info", path, "--data", join(folder, "gone.npz"));
    expect(gap.code).toBe(0);
    expect(gap.value).toMatchObject({
      complete: true,
      data: { found: false },
      missing: [
        { part: "checkpoints/00000003.safetensors", disables: [], effect: expect.stringContaining("replayed") },
        { part: "data digits", disables: ["explain", "verify", "kernel", "export", "resume"] },
      ],
    });
    rmSync(join(path, "scalars/loss.npy"));
    const { code, stdout } = await cli(["info", path]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^status +complete, 14 of 14 steps recorded, 0 can be read$/m);
    expect(stdout).toMatch(/^missing +.*a run must hold scalars\/loss\.npy.*disables explain, verify/m);
    const none = await cli(["explain", path, "--query", "test:0"]);
    expect(none.code).toBe(1);
  });
});

describe("export", () => {
  it("--what run writes an archive that every command reads", async () => {
    const out = join(folder, "packed.pkrun.zip");
    const { code, value } = await json("export", RUN, "--what", "run", "-o", out);
    expect({ code, value }).toMatchObject({ code: 0, value: { what: "run", bytes: readFileSync(out).length } });
    const rows = async (path: string) => (await json("explain", path, "--query", "test:3")).value.rows;
    expect(await rows(out)).toEqual(await rows(RUN));
    const wrong = await cli(["export", RUN, "--what", "run", "-o", join(folder, "packed.tar")]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("--out must end in .zip") });
  });

  const exported = (name: string) => decodeSafetensors(new Uint8Array(readFileSync(join(folder, name))), name);

  it("writes the parameters after the last step", async () => {
    const out = join(folder, "last.safetensors");
    const { code, stdout } = await cli(["export", RUN, "--what", "parameters", "-o", out]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${out}\n` });
    const run = await openRun(RUN);
    const { params } = await run.checkpoint(STEPS);
    const { tensors, metadata } = exported("last.safetensors");
    expect(metadata.step).toBe(String(STEPS));
    for (const { name, shape, offset, size } of run.layout.entries) {
      expect(tensors[name]).toEqual({ dtype: "float64", shape, data: params.slice(offset, offset + size) });
    }
  });

  it("replays to a step between checkpoints, bit for bit", async () => {
    const path = join(folder, "sparse.pkrun");
    // Room for about 3 of the 15 checkpoints of 610 float64 parameters.
    await cli([...SMALL_TRAINING, "--checkpoint-budget", "15kB", "-o", path]);
    const sparse = await openRun(path);
    const between = Array.from({ length: STEPS }, (_, k) => k).find((k) => !sparse.checkpoints.includes(k)) as number;
    const out = join(folder, "between.safetensors");
    const { value } = await json("export", path, "--what", "parameters", "--at", String(between), "-o", out);
    expect(value).toMatchObject({ schema: "pathkernel.export/1", step: between, path: out });
    const run = await openRun(RUN);
    const { params } = await run.checkpoint(between);
    const flat = run.layout.entries.flatMap(({ name }) => [
      ...(exported("between.safetensors").tensors[name].data as Float64Array),
    ]);
    expect(flat).toEqual([...params]);
  });
});
