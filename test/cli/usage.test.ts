// Command lines that cannot be meant: one line that names the flag, what must hold and the nearest name; exit code 2.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { datasetNames } from "../../src/data/registry.ts";
import { DEFAULT_TOLERANCE } from "../../src/explain/explain.ts";
import { lossNames } from "../../src/losses/registry.ts";
import { modelNames } from "../../src/models/registry.ts";
import { optimizerNames } from "../../src/optimizers/registry.ts";
import { cli, listing, SMALL_TRAINING, temporaryFolder, withFlag } from "../helpers/cli.ts";

const folder = temporaryFolder();
const TRAINING = [...SMALL_TRAINING, "-o", join(folder, "a.pkrun")];

/** Runs a command line that must be refused; what it says. */
async function refusal(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(args);
  expect({ code, stdout, lines: stderr.split("\n").length - 1 }).toEqual({ code: 2, stdout: "", lines: 1 });
  expect(listing(folder)).toEqual([]);
  return stderr.trim();
}

describe("names that nobody knows", () => {
  it.each([
    [["trian"], "unknown command 'trian'. did you mean train?"],
    [["--jsn"], "unknown option '--jsn'. did you mean --json?"],
    [["train", "--dta", "mnist"], "unknown option '--dta'. did you mean --data?"],
    [["explain", "a.pkrun", "--querry", "test:0"], "unknown option '--querry'. did you mean --query?"],
    [["demo", "minst"], 'data must be one of digits, mnist, got "minst". did you mean mnist?'],
  ])("%j: %s", async (args, message) => {
    expect(await refusal(args)).toBe(`error: ${message}`);
  });

  it.each([
    [
      "--optimizer",
      "adm",
      'must be one of gd, sgd, momentum, nesterov, rmsprop, adam, adamw, got "adm". did you mean adam?',
    ],
    ["--loss", "cross-entrpy", /^must be one of .*, got "cross-entrpy"\. did you mean cross-entropy\?$/],
    ["--data", "mnits", /^must be one of mnist, .* or a file \.npz.*, got "mnits"\. did you mean mnist\?$/],
    ["--model", "mpl:8:tanh", /^must be mlp:WIDTHS:ACTIVATION.*, got "mpl:8:tanh"\. did you mean mlp\?$/],
    [
      "--schedule",
      "cosin:warmup=3",
      /^must be one of constant, step:EVERY.*, got "cosin:warmup=3"\. did you mean cosine\?$/,
    ],
    ["--dtype", "float46", 'must be one of float32, float64, got "float46". did you mean float64?'],
  ])("train %s %s", async (flag, value, message) => {
    const text = await refusal(withFlag(TRAINING, flag, value));
    expect(text.startsWith(`error: ${flag} `)).toBe(true);
    expect(text.slice(`error: ${flag} `.length)).toMatch(message);
  });

  it("explain suggests the nearest readout and rule", async () => {
    const query = ["explain", "a.pkrun", "--query", "test:0"];
    expect(await refusal([...query, "--readout", "margn"])).toContain('got "margn". did you mean margin?');
    expect(await refusal([...query, "--rule", "simson"])).toContain('got "simson". did you mean simpson?');
  });

  it("train suggests the nearest activation, which only the model knows", async () => {
    const text = await refusal(withFlag(TRAINING, "--model", "mlp:8:tahn"));
    expect(text).toMatch(/activation must be one of .*, got tahn\. did you mean tanh\?$/);
  });
});

describe("values that do not fit", () => {
  it.each([
    ["--lr", "abc", 'must be a number > 0, got "abc"'],
    ["--lr", "-0.1", 'must be a number > 0, got "-0.1"'],
    ["--lr", "", 'must be a number > 0, got ""'],
    ["--lr", "Infinity", 'must be a number > 0, got "Infinity"'],
    ["--batch", "0", 'must be a whole number >= 1, got "0"'],
    ["--epochs", "1.5", 'must be a whole number >= 1, got "1.5"'],
    ["--seed", "-1", 'must be a whole number >= 0, got "-1"'],
    ["--momentum", "1", 'must be a number in [0, 1), got "1"'],
    ["--betas", "0.9", 'must be two numbers in [0, 1), as in 0.9,0.999, got "0.9"'],
    ["--checkpoint-budget", "much", 'must be a size like 256MB or 1GiB, got "much"'],
  ])("train %s %j", async (flag, value, message) => {
    expect(await refusal(withFlag(TRAINING, flag, value))).toBe(`error: ${flag} ${message}`);
  });

  it("a wrong value is told before a missing one", async () => {
    expect(await refusal(["train", "--lr", "abc"])).toContain("--lr must be a number > 0");
  });

  it("tolerances must be positive", async () => {
    expect(await refusal(["verify", "a.pkrun", "--tolerance", "0"])).toContain(
      '--tolerance must be a number > 0, got "0"',
    );
  });
});

describe("flags that do not go together", () => {
  const without = (flag: string): string[] => {
    const at = TRAINING.indexOf(flag);
    return [...TRAINING.slice(0, at), ...TRAINING.slice(at + 2)];
  };

  it.each(["--data", "--model", "--loss", "--optimizer", "-o"])("train without %s", async (flag) => {
    const name = flag === "-o" ? "--out" : flag;
    expect(await refusal(without(flag))).toMatch(new RegExp(`^error: ${name} must be given, as in `));
  });

  it("train --resume takes no other flag of the training, and names the run that is not there", async () => {
    const message = await refusal(["train", "--resume", "a.pkrun", "--seed", "3"]);
    expect(message).toBe(
      "error: --seed does not belong to --resume. the run says all of it; --data, --threads and --force may be given",
    );
    const { code, stderr } = await cli(["train", "--resume", join(folder, "none.pkrun")]);
    expect(code).toBe(1);
    expect(stderr).toContain("no run at");
  });

  it("train needs a length", async () => {
    expect(await refusal(without("--epochs"))).toBe("error: --epochs or --steps must be given, as in --epochs 2");
  });

  it("gd refuses batches", async () => {
    const message = "error: --batch does not belong to gd, which takes all examples at every step. use sgd for batches";
    expect(await refusal(withFlag(TRAINING, "--optimizer", "gd"))).toBe(message);
  });

  it.each([
    ["--schedule", "step:3", "--schedule: schedule step: factor must be given, got none"],
    ["--loss", "huber:0", "--loss: loss huber: delta must be a finite number > 0, got 0"],
    ["--accumulate", "0", '--accumulate must be a whole number >= 1, got "0"'],
    ["--stop-gradient-norm", "-1", '--stop-gradient-norm must be a number >= 0, got "-1"'],
  ])("train %s %s is refused before anything is loaded", async (flag, value, message) => {
    expect(await refusal(withFlag(TRAINING, flag, value))).toBe(`error: ${message}`);
  });

  it("gd refuses accumulation", async () => {
    const message =
      "error: --accumulate does not belong to gd, which takes all examples at every step. use sgd for batches";
    expect(await refusal(withFlag(TRAINING, "--optimizer", "gd").concat("--accumulate", "2"))).toBe(message);
  });

  it("options of another optimizer are refused with those that it takes", async () => {
    const text = await refusal(withFlag(TRAINING, "--betas", "0.9,0.99"));
    expect(text).toBe(
      "error: --betas does not belong to sgd. it takes --lr, --momentum, --dampening, --nesterov, --weight-decay",
    );
    expect(await refusal(withFlag(TRAINING, "--optimizer", "adam").concat("--centered"))).toMatch(
      /^error: --centered does not belong to adam\. it takes --lr, --eps, --amsgrad, --weight-decay, --betas$/,
    );
  });

  it("sgd needs a learning rate, and Nesterov's form needs momentum", async () => {
    expect(await refusal(without("--lr"))).toBe("error: --lr must be given for sgd");
    expect(await refusal([...TRAINING, "--nesterov"])).toContain("--nesterov of sgd must come with momentum > 0");
  });

  it("epochs and steps exclude each other", async () => {
    expect(await refusal([...TRAINING, "--steps", "3"])).toMatch(
      /'--epochs <n>' cannot be used with option '--steps <n>'|'--steps <n>' cannot be used with option '--epochs <n>'/,
    );
  });

  it("explain needs a query, and a target needs an input", async () => {
    expect(await refusal(["explain", "a.pkrun"])).toContain("--query or --input must be given");
    expect(await refusal(["explain", "a.pkrun", "--query", "test:0", "--target", "3"])).toContain(
      "--target belongs to --input",
    );
  });

  it("commands on a run need one", async () => {
    for (const command of ["explain", "verify", "neighbors", "superposition", "info", "export"]) {
      expect(await refusal([command])).toBe("error: missing required argument 'run'");
    }
  });
});

describe("help and version", () => {
  it("--help is on stdout, fits the commands, and ends with the exit codes", async () => {
    const { code, stdout, stderr } = await cli(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["demo", "train", "explain", "verify", "superposition", "info", "export"])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    expect(stdout).toMatch(/Exit codes: 0 ok, 1 failed, 2 usage, 3 .*, 130 interrupted.*\n$/);
  });

  it.each(["demo", "train", "explain", "verify", "neighbors", "superposition", "info", "export"])(
    "%s --help shows examples and the common flags",
    async (command) => {
      const { code, stdout } = await cli([command, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: pathkernel ${command}`);
      expect(stdout).toContain("--json");
      expect(stdout).toContain(`Examples:\n  pathkernel ${command}`);
    },
  );

  it("train --help names every known source, model, loss and optimizer", async () => {
    const help = (await cli(["train", "--help"])).stdout.replace(/\s+/g, " ");
    const names = [...datasetNames, ...modelNames, ...lossNames, ...optimizerNames];
    expect(names.filter((name) => !help.includes(name))).toEqual([]);
    expect((await cli(["explain", "--help"])).stdout.replace(/\s+/g, " ")).toContain(
      `(default ${DEFAULT_TOLERANCE.toExponential()})`,
    );
  });

  it("--version is the package's", async () => {
    const { default: manifest } = await import("../../package.json", { with: { type: "json" } });
    expect(await cli(["--version"])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  it("no command at all is a usage error with the help on stderr", async () => {
    const { code, stdout, stderr } = await cli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Start here:");
  });
});

describe("errors under --json", () => {
  it.each([
    [["--json", "trian"], "PK_USAGE", "did you mean train?"],
    [["--json"], "PK_USAGE", null],
    [["info", join(folder, "none.pkrun"), "--json"], "PK_RUN_NOT_FOUND", expect.stringContaining("pathkernel train")],
  ])("%j is one JSON value on stderr", async (args, errorCode, hint) => {
    const { stdout, stderr } = await cli(args);
    expect(stdout).toBe("");
    expect(JSON.parse(stderr)).toEqual({ error: { code: errorCode, message: expect.any(String), hint } });
  });
});
