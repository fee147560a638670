// Clipping and regularisers from the command line to the explanation of the recorded run.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, SMALL_TRAINING, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
const OUT = join(folder, "a.pkrun");
const jsonOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout);

describe("train --clip-norm --regulariser", () => {
  it("records what was clipped and added, and explains it after it was read again", async () => {
    const flags = ["--clip-norm", "0.5", "--regulariser", "l1:0.001", "--regulariser", "distance:0.1"];
    const steps = ["--schedule", "cosine", "--accumulate", "2", "--stop-gradient-norm", "1e-9"];
    const trained = await cli([...SMALL_TRAINING, ...flags, ...steps, "-o", OUT]);
    expect([trained.code, trained.stderr]).toEqual([
      0,
      expect.stringMatching(/^loss +\S+ \+ l1:0.001 \+ distance:0.1$/m),
    ]);
    expect(trained.stderr).toMatch(/gradients clipped by norm: maximum 0.5, epsilon 0.000001/);
    const info = await cli(["info", OUT]);
    expect(info.stdout).toMatch(/ \+ l1: lambda 0.001 \+ distance: lambda 0.1, /);
    const { setup } = jsonOf(await cli(["info", OUT, "--json"]));
    expect(setup.clipping).toEqual({ name: "norm", options: { maximum: 0.5, epsilon: 1e-6 } });
    expect(setup.schedule.name).toBe("cosine");
    expect(setup.sampling).toEqual({ name: "shuffled", file: null, sha256: null, accumulate: 2 });
    expect(setup.stopGradientNorm).toBe(1e-9);
    expect(setup.regularisers.map(({ name }: { name: string }) => name)).toEqual(["l1", "distance"]);
    expect((await cli(["replay", OUT])).code).toBe(0);
    const verified = await cli(["verify", OUT, "--query", "test:0"]);
    expect(verified.code).toBe(0);
    const explained = await cli(["explain", OUT, "--query", "test:0"]);
    expect(explained.stdout).toMatch(/^regulariser l1 +[-+]/m);
    expect(explained.stdout).toMatch(/^regulariser distance +[-+]/m);
  });

  it.each([
    [["--clip-norm", "0"], '--clip-norm must be a number > 0, got "0"'],
    [
      ["--clip-norm", "1", "--clip-value", "1"],
      "option '--clip-value <x>' cannot be used with option '--clip-norm <x>'",
    ],
    [["--regulariser", "l3:1"], "--regulariser name must be one of l2, l1, elastic, distance, got l3"],
    [["--regulariser", "l2"], "--regulariser l2 must be written l2:LAMBDA, got l2"],
    [["--regulariser", "l1:1", "--regulariser", "l1:2"], "--regulariser l1 must be given once"],
    [
      ["--optimizer", "sgd", "--schedule", "line-search", "--regulariser", "l2:1"],
      "schedule line-search: regularisers must be none",
    ],
  ])("refuses %j", async (flags, message) => {
    const { code, stderr } = await cli([...SMALL_TRAINING, ...flags, "-o", join(folder, "b.pkrun")]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
