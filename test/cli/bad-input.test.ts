// The world's faults: each is one line that says what must hold, exit code 1 or 2, and no file is left half-written.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { cli, listing, SMALL_TRAINING, temporaryFolder, withFlag } from "../helpers/cli.ts";
import { ROOT } from "../helpers/sources.ts";

const given = temporaryFolder();
const RUN = join(given, "small.pkrun");
const ONNX = join(ROOT, "fixtures/onnx/mlp-17.onnx");
let work = "";

beforeAll(async () => {
  await cli([...SMALL_TRAINING, "-o", RUN]);
});

beforeEach(({ task }) => {
  work = join(given, `work-${task.id}`);
  mkdirSync(work);
});

const out = () => join(work, "out.pkrun");
const put = (name: string, bytes: Uint8Array | string): string => {
  const path = join(work, name);
  writeFileSync(path, bytes);
  return path;
};

/** Runs a command line that must fail without leaving anything; the one line that it says. */
async function refusal(args: readonly string[], code: 1 | 2): Promise<string> {
  const before = listing(work);
  const result = await cli([...args]);
  const { stdout, stderr } = result;
  expect({ code: result.code, stdout, lines: stderr.split("\n").length - 1, stderr }).toEqual({
    code,
    stdout: "",
    lines: 1,
    stderr,
  });
  expect(stderr).not.toMatch(/\n {4}at |internal/);
  expect(listing(work)).toEqual(before);
  return stderr.trim();
}

const train = (flag: string, ...values: string[]) => [...withFlag(SMALL_TRAINING, flag, ...values), "-o", out()];

/** A table of 6 examples with 2 features in two classes, with some arrays replaced. */
function npz(changed: Readonly<Record<string, Tensor>> = {}): Uint8Array {
  const x = reals(
    [6, 2],
    Array.from({ length: 12 }, (_, k) => Math.cos(k)),
  );
  const y = integers([6], [0, 1, 0, 1, 0, 1]);
  return encodeNpz({ x_train: x, y_train: y, x_test: x, y_test: y, ...changed });
}

describe("data", () => {
  it("a file that is missing", async () => {
    const path = join(work, "none.npz");
    expect(await refusal(train("--data", path), 1)).toMatch(new RegExp(`^error: cannot read ${path}: no such file`));
  });

  it("a truncated NPZ", async () => {
    const path = put("cut.npz", npz().subarray(0, 300));
    expect(await refusal(train("--data", path), 1)).toContain(path);
  });

  it("NaN", async () => {
    const path = put("nan.npz", npz({ x_train: reals([6, 2], [0, 1, 2, Number.NaN, 4, 5, 6, 7, 8, 9, 10, 11]) }));
    expect(await refusal(train("--data", path), 1)).toMatch(/x_train.*\[1, 1\].* must be finite, got NaN$/);
  });

  it("labels out of range", async () => {
    const path = put("labels.npz", npz({ y_train: integers([6], [0, 1, 0, -1, 0, 1]) }));
    expect(await refusal(train("--data", path), 1)).toMatch(/y_train.*-1/);
  });

  it("as many labels as examples", async () => {
    const path = put("short.npz", npz({ y_train: integers([5], [0, 1, 0, 1, 0]) }));
    expect(await refusal(train("--data", path), 1)).toMatch(/must.*6.*5/);
  });

  it("batches with an index that is no example", async () => {
    const path = put("batches.npy", encodeNpy(integers([1, 2], [0, 200])));
    const args = train("--batches", path).filter(
      (word, k, all) => !["--epochs", "--batch"].includes(word) && !["--epochs", "--batch"].includes(all[k - 1]),
    );
    expect(await refusal(args, 1)).toBe(`error: ${path}: training indices must lie in 0..199, got 200 at step 0`);
  });
});

describe("models", () => {
  it("a truncated ONNX file", async () => {
    const path = put("cut.onnx", readFileSync(ONNX).subarray(0, 200));
    expect(await refusal(train("--model", path), 1)).toContain(path);
  });

  it("an operator that is not supported is named, with its node and what to do", async () => {
    // The same length, so that the file stays a valid message.
    const bytes = Buffer.from(
      readFileSync(ONNX)
        .toString("latin1")
        .replace(/Tanh|Relu/g, "Qelu"),
      "latin1",
    );
    expect(await refusal(train("--model", put("odd.onnx", bytes)), 1)).toMatch(/odd\.onnx: .*Qelu/);
  });

  it("a model that expects other inputs", async () => {
    expect(await refusal(train("--model", ONNX), 1)).toMatch(
      /must be fed examples of shape \[.*\], got \[1,8,8\] from digits$/,
    );
  });

  it("a pattern that matches no parameter", async () => {
    expect(await refusal(train("--trainable", "head.*"), 2)).toMatch(
      /pattern head\.\* must match a parameter, got parameters layers\.0\.weight/,
    );
  });
});

describe("queries", () => {
  it.each([
    ["test:360", "query test:360: the index must lie in 0..359, got 360"],
    ["test:5-3", "query test:5-3: a range must go upwards, got 5-3"],
    ["valid:1", 'query must be written test:INDICES or train:INDICES, got "valid:1"'],
  ])("%s", async (query, message) => {
    expect(await refusal(["explain", RUN, "--query", query], 2)).toBe(`error: ${message}`);
  });

  it("a readout of an output that is not there", async () => {
    expect(await refusal(["explain", RUN, "--query", "test:0", "--readout", "logit:10"], 2)).toContain(
      'must be an integer in 0..9, got "10"',
    );
  });

  it("an array of the wrong shape, a truncated one and NaN", async () => {
    const shape = put("shape.npy", encodeNpy(reals([3], [1, 2, 3])));
    expect(await refusal(["explain", RUN, "--input", shape], 1)).toContain(
      "must have shape [1,8,8] or [n, 1,8,8], got [3]",
    );
    const bytes = encodeNpy(reals([1, 8, 8], new Float64Array(64)));
    const cut = put("cut.npy", bytes.subarray(0, bytes.length - 8));
    expect(await refusal(["explain", RUN, "--input", cut], 1)).toContain("truncated");
    const nan = put("nan.npy", encodeNpy(reals([1, 8, 8], new Float64Array(64).fill(Number.NaN))));
    expect(await refusal(["explain", RUN, "--input", nan], 1)).toContain(
      "must hold finite numbers, got NaN at element 0",
    );
  });
});

describe("runs", () => {
  it("a run that is not there, with the nearest name", async () => {
    const path = join(given, "smal.pkrun");
    expect(await refusal(["info", path], 1)).toBe(`error: no run at ${path}. did you mean ${RUN}?`);
  });

  it.each(["manifest.json", "model.onnx", "batches/indices.npy", "scalars/loss.npy", "checkpoints"])(
    "a run that lacks %s",
    async (part) => {
      cpSync(RUN, out(), { recursive: true });
      rmSync(join(out(), part), { recursive: true });
      expect(await refusal(["explain", out(), "--query", "test:0"], 1)).toContain(`${out()}: a run must hold ${part}`);
    },
  );

  it("a checkpoint that is cut off", async () => {
    cpSync(RUN, out(), { recursive: true });
    const [file] = listing(join(out(), "checkpoints")).slice(-1);
    truncateSync(join(out(), "checkpoints", file), 100);
    expect(await refusal(["explain", out(), "--query", "test:0"], 1)).toContain(file);
  });
});

describe("outputs that cannot be written", () => {
  const parameters = () => ["export", RUN, "--what", "parameters", "-o"];

  it("a path under a file", async () => {
    const file = put("file", "");
    const reason = "a part of the path must be a folder and is a file";
    expect(await refusal([...SMALL_TRAINING, "-o", join(file, "a.pkrun")], 1)).toBe(
      `error: cannot make ${join(file, "a.pkrun")}: ${reason}`,
    );
    const under = join(file, "a.safetensors");
    expect(await refusal([...parameters(), under], 1)).toBe(`error: cannot write ${under}: ${reason}`);
    expect(await refusal(["demo", "digits", "-o", join(file, "demo")], 1)).toContain(reason);
  });

  it("a folder that does not exist, or that has the file's name", async () => {
    const path = join(work, "no/a.safetensors");
    expect(await refusal([...parameters(), path], 1)).toBe(
      `error: cannot write ${path}: the folder ${join(work, "no")} does not exist`,
    );
    mkdirSync(join(work, "a.safetensors"));
    expect(await refusal([...parameters(), join(work, "a.safetensors")], 1)).toContain(
      "it is a folder, a file is needed",
    );
  });

  it.skipIf(!existsSync("/dev/full"))("a full device", async () => {
    const path = join(work, "full.safetensors");
    symlinkSync("/dev/full", path);
    expect(await refusal([...parameters(), path], 1)).toBe(`error: cannot write ${path}: no space left on the device`);
  });

  it("a step that was not recorded", async () => {
    expect(await refusal([...parameters(), join(work, "a.safetensors"), "--at", "15"], 2)).toBe(
      "error: --at must be last or lie in 0..14, got 15",
    );
    expect(await refusal([...parameters(), join(work, "a.npz")], 2)).toContain("--out must end in .safetensors");
  });
});

describe("training that diverges", () => {
  it("stops at the step, says so, and keeps the record", async () => {
    const args = withFlag(withFlag(SMALL_TRAINING, "--loss", "mse"), "--lr", "1e60");
    const { code, stdout, stderr } = await cli([...args, "-q", "-o", out()]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^error: training diverged at step \d+: .*\. use a smaller learning rate; the steps before it are kept in .*out\.pkrun\n$/,
    );
    const step = Number(/at step (\d+)/.exec(stderr)?.[1]);
    expect(step).toBeGreaterThan(0);
    const { manifest, scalars } = await openRun(out());
    expect({ status: manifest.status, steps: manifest.steps, recorded: scalars.length }).toEqual({
      status: "diverged",
      steps: step,
      recorded: step,
    });
    const json = await cli([...args, "--json", "-o", join(work, "json.pkrun")]);
    expect(JSON.parse(json.stderr).error).toMatchObject({ code: "PK_DIVERGED", details: { step } });
  });

  it("a run replaced with --force stays as it was when training cannot begin", async () => {
    cpSync(RUN, out(), { recursive: true });
    const before = listing(out());
    const { code } = await cli([...withFlag(SMALL_TRAINING, "--data", join(work, "none.npz")), "--force", "-o", out()]);
    expect({ code, after: listing(out()) }).toEqual({ code: 1, after: before });
  });
});
