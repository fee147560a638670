// steps.csv holds float64 exactly: what is written reads back as the same number.

import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeSteps, encodeSteps } from "../../src/run/steps-format.ts";

it("decodeSteps(encodeSteps(scalars)) gives every float64 back, from the smallest to the infinite", () => {
  const row = fc.tuple(fc.double(), fc.double(), fc.double());
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const scalars = rows.map(([loss, stepSize, gradientNorm], step) => ({ step, loss, stepSize, gradientNorm }));
      const positive = (value: number) => (Object.is(value, -0) ? 0 : value); // the text of -0 is "0"
      const wanted = scalars.map(({ step, ...numbers }) => [step, ...Object.values(numbers).map(positive)]);
      expect(decodeSteps(encodeSteps(scalars), "steps.csv").map((each) => Object.values(each))).toEqual(wanted);
    }),
    { seed: 2 },
  );
});
