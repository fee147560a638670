// Trainings that PyTorch did and integrations/pytorch's recorder wrote down; `npm run imports` has all twelve.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readOnnx } from "../../src/graph/onnx/reader.ts";
import { temporaryFolder } from "../helpers/cli.ts";
import { ROOT } from "../helpers/sources.ts";
import { compareWithTraining, recordTorchLoops } from "../helpers/torch-loops.ts";

/** Every model and every optimizer once, and parameters of every third step alone. */
const CASES = ["mlp-momentum", "cnn-sgd", "gpt-adamw", "norms-adamw", "mlp-adamw-3"];

const folder = temporaryFolder();
const missing = recordTorchLoops(folder, [...CASES, "recorded"]);

/** Relative to the way of a step. Adam moves key biases of attention, whose gradient is rounding alone, by 1e-10 of it. */
const JUMP = 1e-9;

it("the recorder has under 60 lines", () => {
  const text = readFileSync(join(ROOT, "integrations/pytorch/pathkernel_recorder.py"), "utf8");
  expect(text.split("\n").length - 1).toBeLessThan(60);
});

describe("a training in PyTorch, recorded and imported", () => {
  if (missing !== undefined) {
    console.warn(missing);
    it.skip(`did not run. ${missing}`);
  } else {
    it.each(CASES)("verifies to 1e-10 and agrees with the same training here, example by example: %s", async (name) => {
      const compared = await compareWithTraining(join(folder, name), join(folder, `${name}.pkrun`));
      const { imported, explanation, verdict, replay, jump, agreement } = compared;
      const isRare = name.endsWith("-3");
      expect(imported).toMatchObject({ tier: isRare ? "intervals" : "steps", by: expect.stringMatching(/^torch \d/) });
      expect(imported.run.checkpoints).toEqual(isRare ? [0, 3, 6, 7] : [0, 1, 2, 3, 4, 5, 6, 7]);
      expect(explanation.tolerance).toBe(1e-10);
      expect(verdict).toMatchObject({ passed: true, residual: { limit: 1e-10 }, closure: { limit: 1e-12 } });
      expect(jump).toBeLessThan(JUMP);
      expect(replay).toBeLessThan(1e-12);
      // Of gross. Kinks that lie within rounding of a step's end may be met on one path and not on the other.
      expect(agreement).toBeLessThan(1e-11);
    });

    it("is what the example in integrations/pytorch/README.md makes", async () => {
      const { verdict, imported } = await compareWithTraining(join(folder, "recorded"), join(folder, "readme.pkrun"));
      expect(imported).toMatchObject({ tier: "steps", state: "recorded", run: { manifest: { steps: 25 } } });
      expect(verdict.passed).toBe(true);
    });

    it("has a model file in which two new batch norms, equal in all values, are stored apart", () => {
      const file = readFileSync(join(folder, "norms-adamw", "model.onnx"));
      const { parameters, notes } = readOnnx(file, { name: "model.onnx" });
      expect(parameters.map(({ name }) => name)).toEqual([0, 1, 3, 4, 6].flatMap((k) => [`${k}.weight`, `${k}.bias`]));
      const statistics = [1, 4].flatMap((k) => [`${k}.running_mean`, `${k}.running_var`]);
      expect(notes).toEqual([
        `kept constant, normalisation statistics: ${statistics.join(", ")}; name them in parameters to train them`,
      ]);
    });
  }
});
