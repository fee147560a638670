// Every form of readout: its scalar of given outputs, the classes it fixes, and what it refuses.

import { describe, expect, it } from "vitest";
import { lossOf } from "../../src/losses/registry.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { positionIn } from "../../src/readouts/place.ts";
import { defaultReadout, readoutForms, readoutOf } from "../../src/readouts/registry.ts";
import type { ReadoutContext, ResolvedReadout } from "../../src/readouts/types.ts";
import { errorOf } from "../helpers/errors.ts";
import { evaluate } from "../helpers/evaluate.ts";

const context = (loss: string, outputs: number): ReadoutContext => ({ outputShape: [outputs], loss: lossOf(loss) });
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
  readoutOf(spec, { ...classifier, outputShape: [outputs.length] }).resolve(outputs);

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

  it("along is every output in the direction of the trained model's own, of their length", () => {
    expect(resolved("along", [3, 0, -4])).toEqual({ name: "along", coefficients: [0.6, 0, -0.8] });
    expect(resolved("along", [0, 0])).toEqual({ name: "along", coefficients: [1, 0] });
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
      `RangeError: readout probability:0: a probability needs a classification loss (cross-entropy, binary-cross-entropy, nll), got ${loss}`,
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

describe("readouts of outputs with positions", () => {
  // Two positions of three classes: the largest are 1 before 0, then 2 before 1.
  const places: ReadoutContext = { outputShape: [2, 3], loss: lossOf("cross-entropy") };
  const final = [0.5, 2, -1, 0, 1, 3];
  const before = reals([1, 2, 3], [1, 2, 4, -3, 0.5, 2]);

  async function readAt(spec: string, where = places) {
    const readout = readoutOf(spec, where);
    const { name, coefficients } = readout.resolve(final);
    const extra = reals([1, ...where.outputShape], coefficients);
    const { value } = await evaluate({ y: { ...before, shape: extra.shape }, extra }, (b, { y, extra: e }) => ({
      value: readout.value(b, y, e),
    }));
    expect(value.shape).toEqual([1]);
    return { name, value: Number(value.data[0]) };
  }

  it.each<[string, string, number]>([
    ["logit:0/2", "logit:0/2", 4],
    ["output:-1/0", "output:1/0", -3],
    ["margin:0/2-1", "margin:0/2-1", 2],
    ["margin:0", "margin:0/1-0", 1],
    ["margin:-2", "margin:0/1-0", 1],
    ["margin", "margin:1/2-1", 1.5],
    ["predicted", "logit:1/2", 2],
    ["predicted:0", "logit:0/1", 2],
  ])("%s is %s", async (spec, name, value) => {
    expect(await readAt(spec)).toEqual({ name, value });
  });

  it("probability:POS/k is the softmax at that position alone", async () => {
    const exp = [-3, 0.5, 2].map(Math.exp);
    const { name, value } = await readAt("probability:-1/2");
    expect(name).toBe("probability:1/2");
    expect(value).toBeAllclose(exp[2] / (exp[0] + exp[1] + exp[2]), { rtol: 1e-14 });
  });

  it("probability:POS/1 is that of class 1 where a position has a single logit", async () => {
    const single = { outputShape: [6, 1], loss: lossOf("binary-cross-entropy") };
    expect(await readAt("probability:-4/1", single)).toEqual({
      name: "probability:2/1",
      value: expect.closeTo(1 / (1 + Math.exp(-4)), 14),
    });
    expect(await errorOf(() => readoutOf("probability:2/0", single))).toMatch("must be read as probability:2/1");
  });

  it("counts positions of several axes row by row", async () => {
    const grid = { outputShape: [2, 3, 1], loss: lossOf("mse") };
    expect(await readAt("output:3/0", grid)).toEqual({ name: "output:3/0", value: -3 });
  });

  it.each<[string, number[], string, string]>([
    ["cross-entropy", [2, 3], "margin", "margin:1/2-1"],
    ["binary-cross-entropy", [6, 1], "output:5/0", "output:5/0"],
    ["mse", [2, 3], "output:1/0", "output:1/0"],
  ])("by default, for %s and outputs %j, are %s", (loss, outputShape, wanted, name) => {
    const where = { outputShape, loss: lossOf(loss) };
    expect(defaultReadout(where)).toBe(wanted);
    expect(readoutOf(wanted, where).resolve(final).name).toBe(name);
  });

  it.each<[string, string]>([
    ["logit:2/0", 'readout logit:2/0: the position must be an integer in 0..1 or -2..-1, got "2"'],
    ["logit:-3/0", 'readout logit:-3/0: the position must be an integer in 0..1 or -2..-1, got "-3"'],
    ["logit:x/0", 'readout logit:x/0: the position must be an integer in 0..1 or -2..-1, got "x"'],
    ["logit:0/3", 'readout logit:0/3: the output must be an integer in 0..2, got "3"'],
    ["logit:0/", 'readout logit:0/: the output must be an integer in 0..2, got ""'],
    ["logit:2", "readout logit:2: a position must be given before the output, as in logit:-1/2"],
    ["logit", "readout logit: an output must be given, as in logit:1/0"],
    ["probability:1", "readout probability:1: a position must be given before the output, as in probability:-1/1"],
    ["margin:1-0", 'readout margin:1-0: the position must be an integer in 0..1 or -2..-1, got "1-0"'],
    ["margin:0/1", "readout margin:0/1: a margin must be written margin:POS/A-B with two different outputs"],
    ["margin:2/0-1", 'readout margin:2/0-1: the position must be an integer in 0..1 or -2..-1, got "2"'],
    ["predicted:2", 'readout predicted:2: the position must be an integer in 0..1 or -2..-1, got "2"'],
  ])("%s is refused", async (spec, message) => {
    expect(await errorOf(() => readoutOf(spec, places))).toBe(`RangeError: ${message}`);
  });
});

describe("positionIn(name)", () => {
  it.each<[string, number | undefined]>([
    ["margin:12/3-5", 12],
    ["logit:0/3", 0],
    ["logit:3", undefined],
    ["margin:3-5", undefined],
    ["loss", undefined],
  ])("of %s is %s", (name, position) => {
    expect(positionIn(name)).toBe(position);
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
    ["along:1", 'readout along: no argument must be given, got "along:1"'],
    ["loss:1", 'readout loss: no argument must be given, got "loss:1"'],
    ["logit:3", 'readout logit:3: the output must be an integer in 0..2, got "3"'],
    ["logit:", 'readout logit:: the output must be an integer in 0..2, got ""'],
    ["output:-1", 'readout output:-1: the output must be an integer in 0..2, got "-1"'],
    ["output:1.5", 'readout output:1.5: the output must be an integer in 0..2, got "1.5"'],
    ["output:1e0", 'readout output:1e0: the output must be an integer in 0..2, got "1e0"'],
    ["output: 1", 'readout output: 1: the output must be an integer in 0..2, got " 1"'],
    ["probability:x", 'readout probability:x: the output must be an integer in 0..2, got "x"'],
    ["margin:1-7", 'readout margin:1-7: the output must be an integer in 0..2, got "7"'],
    ["logit:0/1", 'readout logit:0/1: no position must be given, as the outputs have none, got "0/1"'],
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
