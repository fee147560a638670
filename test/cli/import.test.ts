// `pathkernel import`, and what the other commands say of the run that it makes.

import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readFileBytes } from "../../src/numeric/files.node.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { decodeNpy } from "../../src/numeric/npy.ts";
import { encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { cli, temporaryFolder } from "../helpers/cli.ts";
import { type LoopFolder, writeLoopFolder } from "../helpers/loop-folder.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type Loop, shifted, smallLoop } from "../helpers/recorded-loop.ts";

const folder = temporaryFolder();
const LOOP = join(folder, "loop");
const RUN = join(folder, "loop.pkrun");
let loop: Loop;
let written: LoopFolder;

beforeAll(async () => {
  loop = await smallLoop({ optimizer: optimizerChoice("momentum"), hidden: [5] });
  written = await writeLoopFolder(LOOP, loop);
});

const importTo = (run: string, ...more: string[]) => cli(["import", LOOP, "-o", run, "--threads", "1", ...more]);
const jsonOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout);

describe("pathkernel import DIR -o RUN", () => {
  it("makes a run, prints its path and says what it allows", async () => {
    const { code, stdout, stderr } = await importTo(RUN);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${RUN}\n` });
    expect(stderr).toBe(
      "tier steps, from a test: parameters before every step, with batches and optimizer; the optimizer's state is computed here\n" +
        "every recorded state is where momentum arrives from the one before, bit for bit\n",
    );
    const info = await cli(["info", RUN]);
    expect(info.stdout).toMatch(/^recorded +tier steps, from a test: /m);
    expect(jsonOf(await cli(["info", RUN, "--json"])).recording).toEqual({
      by: "a test",
      state: "derived",
      tier: "steps",
      disables: [],
    });
    expect((await cli(["explain", RUN, "--query", "test:0"])).code).toBe(0);
    const verified = await cli(["verify", RUN, "--query", "test:0", "--json"]);
    expect(verified.code).toBe(0);
    expect(jsonOf(verified)).toMatchObject({ passed: true, replay: null });
  });

  it("refuses to replace a run, and to work without a name for it", async () => {
    expect(await importTo(RUN)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/a run has that name.*--force/),
    });
    expect(await importTo(RUN, "--force", "--quiet")).toEqual({ code: 0, stdout: `${RUN}\n`, stderr: "" });
    expect(await cli(["import", LOOP])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--out must be given/),
    });
    expect(await cli(["import", join(folder, "none"), "-o", RUN])).toMatchObject({ code: 1, stdout: "" });
  });

  it("warns of states that the optimizer does not reach, and verify shows the term that they make", async () => {
    const { params } = await loop.run.checkpoint(4);
    const pushed = viewsOf(loop.task.layout, shifted(params, 1e-2));
    written.write("checkpoints/00000004.safetensors", encodeSafetensors(pushed));
    const run = join(folder, "pushed.pkrun");
    const { stderr } = await importTo(run);
    expect(stderr).toMatch(/at most \S+ of the way there, \S+ of it in outputs \(before step [45]\)/);
    // The step to the pushed state, the one away from it, and those that remember its gradient.
    expect(stderr).toMatch(
      /warning: \d of 8 recorded states, the first before step 4, are not where momentum arrives .* \(clipping, /,
    );
    const verified = await cli(["verify", run, "--query", "test:0"]);
    expect(verified.code).toBe(0);
    expect(verified.stdout).toMatch(/^replay +max \S+, relative \S+: the term of jumps to recorded states$/m);
    expect(jsonOf(await cli(["verify", run, "--query", "test:0", "--json"])).replay.relative).toBeGreaterThan(1e-4);
    written.write("checkpoints/00000004.safetensors", encodeSafetensors(viewsOf(loop.task.layout, params)));
  });

  it("without batches leaves kernels, and says what is not there", async () => {
    const bare = join(folder, "bare");
    const { write } = await writeLoopFolder(bare, loop, { states: [0, 5, 8] });
    write("batches.npz", undefined);
    const run = join(folder, "bare.pkrun");
    const { stderr } = await cli(["import", bare, "-o", run]);
    expect(stderr).toMatch(/has no batches.npz, batches.npy or indices.npy and offsets.npy: recorded parameters alone/);
    expect(stderr).toMatch(
      /^tier parameters, from a test: .*\n {2}not there: contributions.*\n {2}not there: path kernels/m,
    );
    const info = await cli(["info", run]);
    expect(info.stdout).toMatch(/^states +before the loop's steps 0, 5, 8$/m);
    expect(info.stdout).toMatch(/not there: contributions, terms and residuals/);
    for (const plan of [[], ["--plan"]])
      expect(await cli(["explain", run, "--query", "test:0", ...plan])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: .* must have its batches, got recorded parameters alone/),
      });
    const out = join(folder, "k.npy");
    expect((await cli(["kernel", run, "--at", "0,1,last", "--of", "test:0-2", "-o", out])).code).toBe(0);
    expect(decodeNpy(readFileBytes(out), out).shape).toEqual([3, 3, 3]);
  });
});
