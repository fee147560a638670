// A language model on a text, and labels at positions in a file, from the command line.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeNpy } from "../../src/numeric/npy.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { integers } from "../../src/numeric/tensor.ts";
import { cli, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const LINES = "the cat sat\non the mat\n";
const TRAINING = [
  "train",
  ...[
    "--data",
    at("cat.txt"),
    "--context",
    "6",
    "--model",
    "gpt:4:1:2",
    "--loss",
    "cross-entropy",
    "--dtype",
    "float64",
  ],
  ...["--optimizer", "adam", "--lr", "0.02", "--batch", "8", "--steps", "12"],
];
const RUN = at("cat.pkrun");

beforeAll(async () => {
  writeFileSync(at("cat.txt"), LINES.repeat(12));
  const { code, stderr } = await cli([...TRAINING, "-o", RUN]);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/accuracy \d+\.\d\d % on training, \d+\.\d\d % on test examples/);
});

async function explained(...flags: string[]) {
  const { code, stdout, stderr } = await cli(["explain", RUN, "--query", "test:0", ...flags, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout).rows[0];
}

describe("a text", () => {
  it("records its context, so that the run finds its data again", async () => {
    const { stdout } = await cli(["info", RUN, "--json"]);
    expect(JSON.parse(stdout).setup.data).toMatchObject({
      context: 6,
      classes: ["\\n", "␣", "a", "c", "e", "h", "m", "n", "o", "s", "t"],
      trainExamples: 41,
      testExamples: 4,
    });
  });

  it("is explained at the last position, with the label and the prediction there", async () => {
    const { code, stdout } = await cli(["explain", RUN, "--query", "test:0"]);
    expect(code).toBe(0);
    // Window 41 begins at character 246, the 17th of a verse of 23: "he mat", then a new line.
    expect(stdout).toMatch(/^test:0, position 5: predicted \S+, label \\n/);
    expect(stdout).toMatch(/^margin:5\/\d+-\d+: the margin of \S+ over \S+ at position 5; unit: logit margin$/m);
    expect(stdout).toMatch(/^ {2}all examples/m);
    const row = await explained();
    expect(Math.abs(row.closure)).toBeLessThanOrEqual(1e-12 * row.gross);
    expect(row.residualRelative).toBeLessThanOrEqual(1e-4);
  });

  it("is explained at any position, and as its loss", async () => {
    const row = await explained("--readout", "probability:-3/4");
    expect(row).toMatchObject({
      readout: "probability:3/4",
      position: 3,
      label: "a",
      quantity: "the probability of e at position 3",
    });
    expect(row.proponents[0].label).toHaveLength(6 + (row.proponents[0].label.includes("\\n") ? 1 : 0));
    const whole = await explained("--readout", "loss");
    expect(whole).toMatchObject({ readout: "loss", label: "e␣mat\\n" });
    expect([whole.position, whole.predicted]).toEqual([undefined, undefined]);
  });

  it("holds under verify", async () => {
    const { code, stdout } = await cli(["verify", RUN, "--query", "test:0-1"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/residual +holds[\s\S]*closure +holds/);
  });

  it("has kernels over the outputs of all positions", async () => {
    const out = at("K.npy");
    const { code } = await cli(["kernel", RUN, "--of", "test:0-1", "--form", "diagonal", "-o", out]);
    expect(code).toBe(0);
    expect(decodeNpy(new Uint8Array(readFileSync(out)), "K").shape).toEqual([1, 2, 2, 6 * 11]);
  });

  it("refuses a position that is not there, and --context for other data", async () => {
    const query = ["explain", RUN, "--query", "test:0", "--readout"];
    expect(await cli([...query, "logit:6/0"])).toMatchObject({
      code: 2,
      stderr: 'error: readout logit:6/0: the position must be an integer in 0..5 or -6..-1, got "6"\n',
    });
    const [, , ...rest] = TRAINING;
    const { code, stderr } = await cli(["train", "--data", "digits", ...rest.slice(1), "-o", at("b.pkrun")]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: --context belongs to a \.txt file/);
  });
});

describe("labels (N, T) in a .npz file", () => {
  it("train a language model, -100 among them", async () => {
    const x = integers(
      [8, 3],
      Array.from({ length: 24 }, (_, k) => (k * k) % 5),
    );
    const y = integers(
      [8, 3],
      Array.from({ length: 24 }, (_, k) => (k % 4 === 3 ? -100 : ((k + 1) * (k + 1)) % 5)),
    );
    writeFileSync(at("tokens.npz"), encodeNpz({ x_train: x, y_train: y, x_test: x, y_test: y }));
    const training = ["train", "--data", at("tokens.npz"), "--model", "gpt:4:1:2", "--loss", "cross-entropy"];
    const how = ["--optimizer", "sgd", "--lr", "0.1", "--steps", "3", "--dtype", "float64", "-o", at("tokens.pkrun")];
    const { code, stderr } = await cli([...training, ...how]);
    expect(code, stderr).toBe(0);
    const { stdout } = await cli(["explain", at("tokens.pkrun"), "--query", "test:1", "--readout", "logit:0/3"]);
    expect(y.data[3]).toBe(-100n);
    expect(stdout).toMatch(/^test:1, position 0: predicted \d\nlogit:0\/3/);
  });
});
