// steps.csv of a run: one line of numbers a step, each in the fewest digits that read back as the same float64.

import { InvalidRunError } from "../errors.ts";
import type { StepScalars } from "./types.ts";

const HEADER = "step,loss,stepSize,gradientNorm";

/** The text of steps.csv. */
export function encodeSteps(scalars: readonly StepScalars[]): string {
  const rows = scalars.map(({ step, loss, stepSize, gradientNorm }) => `${step},${loss},${stepSize},${gradientNorm}\n`);
  return `${HEADER}\n${rows.join("")}`;
}

/** A number as `encodeSteps` writes it ("NaN" and "Infinity" are how a diverging loss ends), or undefined. */
function parseNumber(text: string): number | undefined {
  if (text === "NaN") return Number.NaN;
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? undefined : value;
}

/** Reads the text of steps.csv; `file` is what messages call it. Throws InvalidRunError naming the line that is wrong. */
export function decodeSteps(text: string, file: string): StepScalars[] {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  if (lines[0] !== HEADER) {
    throw new InvalidRunError(`${file}: line 1 must be ${HEADER}, got "${lines[0].slice(0, 80)}"`);
  }
  const last = lines.pop();
  if (last !== "") throw new InvalidRunError(`${file}: must end with a line break, got "${last}"; it may be truncated`);
  return lines.slice(1).map((line, row) => {
    const values = line.split(",").map(parseNumber);
    if (values.length !== 4 || values.includes(undefined) || values[0] !== row) {
      throw new InvalidRunError(
        `${file}: line ${row + 2} must be ${row} and three numbers, got "${line.slice(0, 80)}"`,
      );
    }
    const [step, loss, stepSize, gradientNorm] = values as number[];
    return { step, loss, stepSize, gradientNorm };
  });
}
