// `pathkernel compare`: its table, its value and its figure, and what it refuses.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { InterruptedError } from "../../src/cli/failure.ts";
import { compareMachines } from "../../src/machines/compare.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { abortedWhen, times } from "../helpers/aborted-when.ts";
import { cli, SMALL_TRAINING, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
const RUN = join(folder, "small.pkrun");
const FLAGS = ["compare", RUN, "--train", "60", "--test", "50", "--path-kernels", "3"];

beforeAll(async () => {
  await cli([...SMALL_TRAINING, "-o", RUN]);
});

describe("compare", () => {
  it("prints a row a machine, and says on how many examples", async () => {
    const { code, stdout, stderr } = await cli(FLAGS);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^machine +test error +95 % +train +agrees +corr +time$/);
    expect(lines.slice(1).map((line) => line.split(/ {2,}/)[0])).toEqual([
      "network",
      "linearised",
      ...["K_0", "K_7", "K_T", "K_path", "RBF"].flatMap((kernel) => [`${kernel} ridge`, `${kernel} svm`]),
      "nearest",
    ]);
    expect(lines.find((line) => line.startsWith("K_T ridge"))).toMatch(
      /^K_T ridge +\d+\.\d\d % +\d+\.\d to \d+\.\d % +\d+\.\d\d % +\d+\.\d\d % +-?\d\.\d{3} +[\d.]+ s {2}ridge \S+$/,
    );
    expect(stderr).toMatch(/^6 kernels, \S+ GFLOP; \S+ kB of memory$/m);
    expect(stderr).toContain(
      "50 test and 200 training examples, of which machines over kernels and neighbours had 60; agrees and corr: with the network\n",
    );
  });

  it("gives the library's numbers with --json", async () => {
    const own = [
      "--machines",
      "tangent,nearest",
      "--solvers",
      "ridge",
      "--at",
      "3,last",
      "--ridge",
      "0.1",
      "--seed",
      "5",
    ];
    const { code, stdout, stderr } = await cli([...FLAGS, ...own, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const value = JSON.parse(stdout);
    expect(value).toMatchObject({
      schema: "pathkernel.compare/1",
      run: RUN,
      train: 60,
      trainAll: 200,
      test: 50,
      at: [3, 14],
    });
    const run = await openRun(RUN);
    const task = await reopenTask(run);
    const { results } = await compareMachines(task, run, {
      ...{
        machines: ["tangent", "nearest"],
        solvers: ["ridge"],
        at: [3, 14],
        ridge: 0.1,
        seed: 5,
        train: 60,
        test: 50,
      },
    });
    await task.engine.release();
    const kept = (all: typeof results) =>
      all.map(({ name, error, agreement, detail }) => ({ name, error, agreement, detail }));
    expect(kept(value.results)).toEqual(kept(results));
    expect(value.results.map(({ name }: { name: string }) => name)).toEqual([
      "network",
      "K_3 ridge",
      "K_T ridge",
      "nearest",
    ]);
  });

  it("draws test errors with their intervals, and writes their numbers beside them", async () => {
    const path = join(folder, "errors.svg");
    const { code, stderr } = await cli([...FLAGS, "--machines", "rbf,nearest", "--figure", path]);
    expect(code).toBe(0);
    expect(stderr).toContain(`figure written to ${path}`);
    expect(readFileSync(path, "utf8")).toMatch(/^<\?xml.*RBF svm.*test error, %/s);
    expect(readFileSync(`${path}.csv`, "utf8").split("\n").length).toBeGreaterThan(4);
  });
});

describe("compare refuses with one line", () => {
  it.each([
    [
      ["--machines", "network,pth"],
      '--machines must hold some of network, linearised, tangent, path, rbf, nearest, got "network,pth". did you mean path?',
    ],
    [["--solvers", "svn"], '--solvers must hold some of ridge, svm, got "svn". did you mean svm?'],
    [["--at", "15"], "--at must hold last or steps in 0..14, got 15"],
    [["--ridge", "gvc"], '--ridge must be a number >= 0 or one of leave-one-out, gcv, got "gvc". did you mean gcv?'],
    [["--train", "0"], '--train must be a whole number >= 1, got "0"'],
    [["-k", "9", "--train", "8"], "-k must be at most 8, the training examples of --train, got 9"],
    [["--cost", "-1"], '--cost must be a number > 0, got "-1"'],
    [["--figure", "a.pdf"], '--figure must be a file that ends in .svg or .png, got "a.pdf"'],
  ])("%j", async (flags, message) => {
    const { code, stdout, stderr } = await cli([...FLAGS, ...flags]);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: `error: ${message}\n` });
  });

  it("for a memory in which no tile fits, in the words of the flag", async () => {
    const { code, stderr } = await cli([...FLAGS, "--machines", "tangent", "--memory", "1B"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: --memory must be at least \d+ bytes for .*, got 1\n$/);
  });

  it("when interrupted, exit code 130", async () => {
    const signal = AbortSignal.abort(new InterruptedError());
    const { code, stderr } = await cli([...FLAGS, "-q"], { signal });
    expect({ code, stderr }).toEqual({ code: 130, stderr: "error: interrupted\n" });
  });

  it.each(["linearised,path", "path"])("when interrupted in its work, which it has announced: %s", async (machines) => {
    let announced = false;
    const { code, stdout, stderr } = await cli(["compare", RUN, "--train", "200", "--machines", machines], {
      signal: abortedWhen(times(5, () => announced)),
      onStderr: (text) => {
        announced ||= text.includes("of memory");
      },
    });
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(/error: interrupted\n$/);
  });
});

describe("compare --help", () => {
  it("says what each flag takes, with examples", async () => {
    const { code, stdout } = await cli(["compare", "--help"]);
    expect(code).toBe(0);
    const flags = ["--machines", "--solvers", "--train", "--test", "--at", "--path-kernels", "--ridge", "--cost"];
    for (const flag of [...flags, "--gamma", "-k <n>", "--seed", "--memory", "--threads", "--figure"])
      expect(stdout).toContain(flag);
    expect(stdout).toContain("pathkernel compare mnist.pkrun --at 0,100,last --ridge gcv --json");
  });
});
