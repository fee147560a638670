// Every form of readout: its scalar of given outputs, the classes it fixes, and what it refuses.

import { describe, expect, it } from "vitest";
import { lossOf } from "../../src/losses/registry.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { defaultReadout, readoutForms, readoutOf } from "../../src/readouts/registry.ts";
import type { ReadoutContext, ResolvedReadout } from "../../src/readouts/types.ts";
import { errorOf } from "../helpers/errors.ts";
import { evaluate } from "../helpers/evaluate.ts";

const context = (loss: string, outputs: number): ReadoutContext => ({ outputs, loss: lossOf(loss) });
const classifier = context("cross-entropy", 3);
const regressor = context("mse", 3);

/** Outputs of the trained model for two rows, and of an earlier model. */
const trained = [
  [0.5, 2, -1],
  [3, 1, 2],
];
const earlier = reals([2, 3], [1, 2, 4, -3, 0.5, 2]);

/** What a readout is called for each row, and its value at the earlier outputs. */
async function read(spec: string, where: ReadoutContext, target?: Tensor) {
  const readout = readoutOf(spec, where);
  expect(readout.spec).toBe(spec);
  const rows = trained.map((y) => readout.resolve(y));
  const extra =
    target ??
    reals(
      [2, 3],
      rows.flatMap((row) => [...row.coefficients]),
    );
  const { value } = await evaluate({ y: earlier, extra }, (b, { y, extra: e }) => ({ value: readout.value(b, y, e) }));
  expect(value.shape).toEqual([2]);
  return { needs: readout.needs, names: rows.map(({ name }) => name), values: Array.from(value.data, Number) };
}

const resolved = (spec: string, outputs: readonly number[]): ResolvedReadout =>
  readoutOf(spec, { ...classifier, outputs: outputs.length }).resolve(outputs);

describe("readouts that are linear in the outputs", () => {
  it.each<[string, string[], number[]]>([
    ["output:2", ["output:2", "output:2"], [4, 2]],
    ["logit:0", ["logit:0", "logit:0"], [1, -3]],
    ["margin:2-0", ["margin:2-0", "margin:2-0"], [3, 5]],
    // The trained model's classes, row by row: 1 before 0, and 0 before 2.
    ["margin", ["margin:1-0", "margin:0-2"], [1, -5]],
  ])("%s", async (spec, names, values) => {
    expect(await read(spec, classifier)).toEqual({ needs: "coefficients", names, values });
    expect(await read(spec, regressor)).toEqual({ needs: "coefficients", names, values });
  });

  it("predicted is called a logit where the loss reads it as one", async () => {
    const expected = { needs: "coefficients", values: [2, -3] };
    expect(await read("predicted", classifier)).toEqual({ ...expected, names: ["logit:1", "logit:0"] });
    expect(await read("predicted", regressor)).toEqual({ ...expected, names: ["output:1", "output:0"] });
  });

  it("take the first of equal outputs, as prediction and as runner-up", () => {
    expect(resolved("predicted", [1, 2, 2])).toEqual({ name: "logit:1", coefficients: [0, 1, 0] });
    expect(resolved("margin", [2, 1, 2, 1])).toEqual({ name: "margin:0-2", coefficients: [1, 0, -1, 0] });
    expect(resolved("margin", [5, 1, 1])).toEqual({ name: "margin:0-1", coefficients: [1, -1, 0] });
    expect(resolved("margin", [-2, -1])).toEqual({ name: "margin:1-0", coefficients: [-1, 1] });
  });
});

describe("probability:K", () => {
  it("is that of class 1 for a single logit, and says so", async () => {
    const single = context("binary-cross-entropy", 1);
    expect(readoutOf("probability:1", single).resolve([0.3])).toEqual({ name: "probability:1", coefficients: [1] });
    expect(await errorOf(() => readoutOf("probability:0", single))).toMatch("must be read as probability:1");
  });

  it("is the softmax where the loss is cross-entropy", async () => {
    const exp = [1, 2, 4].map(Math.exp);
    const { names, values } = await read("probability:2", classifier);
    expect(names).toEqual(["probability:2", "probability:2"]);
    expect(values[0]).toBeAllclose(exp[2] / (exp[0] + exp[1] + exp[2]), { rtol: 1e-14 });
  });

  it("is the sigmoid where it is binary-cross-entropy", async () => {
    const { values } = await read("probability:0", context("binary-cross-entropy", 3));
    expect(values).toBeAllclose([1 / (1 + Math.exp(-1)), 1 / (1 + Math.exp(3))], { rtol: 1e-14 });
  });

  it.each(["mse", "half-mse"])("is refused where it is %s", async (loss) => {
    expect(await errorOf(() => readoutOf("probability:0", context(loss, 3)))).toBe(
      `RangeError: readout probability:0: a probability needs a classification loss (cross-entropy, binary-cross-entropy), got ${loss}`,
    );
  });
});

describe("loss", () => {
  it("is the loss of the query for its target, by class", async () => {
    const { needs, names, values } = await read("loss", classifier, integers([2], [2, 1]));
    expect([needs, ...names]).toEqual(["target", "loss", "loss"]);
    const exp = [1, 2, 4].map(Math.exp);
    expect(values[0]).toBeAllclose(-Math.log(exp[2] / (exp[0] + exp[1] + exp[2])), { rtol: 1e-13 });
  });

  it("or by numbers", async () => {
    const { values } = await read("loss", regressor, reals([2, 3], [1, 2, 1, 0, 0.5, 2]));
    expect(values).toEqual([3, 3]);
  });
});

describe("defaultReadout(context)", () => {
  it.each<[string, number, string]>([
    ["cross-entropy", 10, "margin"],
    ["binary-cross-entropy", 2, "margin"],
    ["binary-cross-entropy", 1, "output:0"],
    ["mse", 10, "output:0"],
    ["half-mse", 1, "output:0"],
  ])("for %s and %i outputs is %s", (loss, outputs, wanted) => {
    expect(defaultReadout(context(loss, outputs))).toBe(wanted);
    expect(() => readoutOf(wanted, context(loss, outputs))).not.toThrow();
  });
});

describe("what readoutOf refuses", () => {
  it.each<[string, string]>([
    ["nothing", `readout must be one of ${readoutForms.join(", ")}, got "nothing"`],
    ["", `readout must be one of ${readoutForms.join(", ")}, got ""`],
    ["constructor", `readout must be one of ${readoutForms.join(", ")}, got "constructor"`],
    ["logit", "readout logit: an output must be given, as in logit:0"],
    ["output", "readout output: an output must be given, as in output:0"],
    ["probability", "readout probability: an output must be given, as in probability:0"],
    ["predicted:1", 'readout predicted: no argument must be given, got "predicted:1"'],
    ["loss:1", 'readout loss: no argument must be given, got "loss:1"'],
    ["logit:3", 'readout logit:3: the output must be an integer in 0..2, got "3"'],
    ["logit:", 'readout logit:: the output must be an integer in 0..2, got ""'],
    ["output:-1", 'readout output:-1: the output must be an integer in 0..2, got "-1"'],
    ["output:1.5", 'readout output:1.5: the output must be an integer in 0..2, got "1.5"'],
    ["output:1e0", 'readout output:1e0: the output must be an integer in 0..2, got "1e0"'],
    ["output: 1", 'readout output: 1: the output must be an integer in 0..2, got " 1"'],
    ["probability:x", 'readout probability:x: the output must be an integer in 0..2, got "x"'],
    ["margin:1-7", 'readout margin:1-7: the output must be an integer in 0..2, got "7"'],
    ["margin:1", "readout margin:1: a margin must be written margin:A-B with two different outputs"],
    ["margin:1-1", "readout margin:1-1: a margin must be written margin:A-B with two different outputs"],
    ["margin:0-1-2", "readout margin:0-1-2: a margin must be written margin:A-B with two different outputs"],
  ])("%s", async (spec, message) => {
    expect(await errorOf(() => readoutOf(spec, classifier))).toBe(`RangeError: ${message}`);
  });

  it.each(["margin", "margin:0-1"])("%s of a single output", async (spec) => {
    expect(await errorOf(() => readoutOf(spec, context("binary-cross-entropy", 1)))).toBe(
      `RangeError: readout ${spec}: a margin needs at least two outputs, got 1; use output:0`,
    );
  });
});
