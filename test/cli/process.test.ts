// What only a process of its own shows: Ctrl-C, a reader that goes away, colours, the exit code.

import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { InterruptedError } from "../../src/cli/failure.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { cli, ended, SMALL_TRAINING, startCli, temporaryFolder, withFlag } from "../helpers/cli.ts";

const folder = temporaryFolder();
const RUN = join(folder, "small.pkrun");
const ESCAPE = String.fromCharCode(27);

beforeAll(async () => {
  await cli([...SMALL_TRAINING, "-o", RUN]);
});

describe("Ctrl-C", () => {
  const endless = withFlag(SMALL_TRAINING, "--epochs", "1000000");

  it("once stops training, keeps a readable run and prints its path; exit code 130", async () => {
    const path = join(folder, "stopped.pkrun");
    const child = startCli([...endless, "--checkpoint-budget", "1MB", "-o", path]);
    let sent = false;
    const { code, stdout, stderr } = await ended(child, (text) => {
      // The setup is printed once the first step is done.
      if (!sent && text.includes("record ")) sent = child.kill("SIGINT");
    });
    expect({ code, stdout }).toEqual({ code: 130, stdout: `${path}\n` });
    expect(stderr).toMatch(/stopping; what is done is kept/);
    expect(stderr).toMatch(/interrupted after [\d,]+ of 7,000,000 steps/);
    const { manifest, checkpoints, scalars } = await openRun(path);
    expect(manifest.status).toBe("interrupted");
    expect(manifest.steps).toBeGreaterThan(0);
    expect({ steps: scalars.length, last: checkpoints.at(-1) }).toEqual({
      steps: manifest.steps,
      last: manifest.steps,
    });
    expect((await cli(["verify", path, "--query", "test:0", "--tolerance", "1e-3"])).code).toBe(0);
  });

  it("twice ends the process at once, and the run stays readable", async () => {
    const path = join(folder, "killed.pkrun");
    const child = startCli([...endless, "-o", path]);
    child.stderr.on("data", () => child.kill("SIGINT"));
    const [code, signal] = await once(child, "exit");
    // The first may already have ended it, if the second came too late.
    expect([130, null]).toContain(code);
    if (code === null) expect(signal).toBe("SIGINT");
    expect(["running", "interrupted"]).toContain((await openRun(path)).manifest.status);
  });

  it("stops explaining with exit code 130 and no result", async () => {
    const controller = new AbortController();
    controller.abort(new InterruptedError());
    const { code, stdout, stderr } = await cli(["explain", RUN, "--query", "test:0", "--json"], {
      signal: controller.signal,
    });
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(JSON.parse(stderr).error.code).toBe("PK_INTERRUPTED");
  });
});

describe("a process", () => {
  it("ends silently with 0 when its reader has seen enough", async () => {
    const child = startCli(["explain", RUN, "--query", "train:0-59", "--all", "-q"]);
    child.stdout.once("data", () => child.stdout.destroy());
    let stderr = "";
    child.stderr.on("data", (piece: Buffer) => {
      stderr += piece;
    });
    const [code] = await once(child, "exit");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("gives its exit code to the shell, data on stdout, talk on stderr, no colours in a pipe", async () => {
    const bad = await ended(startCli(["verify", RUN, "--query", "test:0", "--rule", "left", "--tolerance", "1e-10"]));
    expect(bad.code).toBe(3);
    expect(bad.stdout).toContain("does not hold");
    expect(bad.stdout + bad.stderr).not.toContain(ESCAPE);
  });
});

describe("colours", () => {
  const args = ["explain", RUN, "--query", "test:0"];

  it("are there in a terminal, and for FORCE_COLOR in a pipe", async () => {
    expect((await cli(args, { isTTY: true })).stdout).toContain(ESCAPE);
    expect((await cli(args, { env: { FORCE_COLOR: "1" } })).stdout).toContain(ESCAPE);
  });

  it("are not there with NO_COLOR, with --no-color, in a dumb terminal, in a pipe, under --json", async () => {
    const plain = (await cli(args)).stdout;
    expect(plain).not.toContain(ESCAPE);
    expect((await cli(args, { isTTY: true, env: { NO_COLOR: "1" } })).stdout).not.toContain(ESCAPE);
    expect((await cli([...args, "--no-color"], { isTTY: true })).stdout).not.toContain(ESCAPE);
    expect((await cli(args, { isTTY: true, env: { TERM: "dumb" } })).stdout).not.toContain(ESCAPE);
    expect((await cli([...args, "--json"], { isTTY: true })).stdout).not.toContain(ESCAPE);
    const { stderr } = await cli(["trian"], { isTTY: true, env: { NO_COLOR: "1" } });
    expect(stderr).toBe("error: unknown command 'trian'. did you mean train?\n");
  });

  it("change nothing else", async () => {
    const coloured = (await cli(args, { env: { FORCE_COLOR: "1" } })).stdout;
    const pattern = new RegExp(`${ESCAPE}\\[\\d+m`, "g");
    expect(coloured.replace(pattern, "")).toBe((await cli(args)).stdout);
  });
});

it("--verbose adds the stack to an error, which otherwise is one line", async () => {
  const args = ["info", join(folder, "none.pkrun")];
  expect((await cli(args)).stderr.split("\n")).toHaveLength(2);
  expect((await cli([...args, "--verbose"])).stderr).toMatch(/\n {4}at /);
});
