// Readouts by the names that users write: `margin`, `logit:3`, `probability:1`, `loss`, ...

import { marginReadout, outputReadout, predictedReadout } from "./linear.ts";
import { lossReadout } from "./loss.ts";
import { probabilityReadout } from "./probability.ts";
import type { Readout, ReadoutContext } from "./types.ts";

interface Form {
  readonly make: (spec: string, argument: string, context: ReadoutContext) => Readout;
  /** Whether `name:argument` must, may or must not have an argument. */
  readonly argument: "required" | "optional" | "none";
}

const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ["margin", { make: marginReadout, argument: "optional" }],
  ["logit", { make: outputReadout, argument: "required" }],
  ["output", { make: outputReadout, argument: "required" }],
  ["predicted", { make: predictedReadout, argument: "none" }],
  ["probability", { make: probabilityReadout, argument: "required" }],
  ["loss", { make: lossReadout, argument: "none" }],
]);

export const readoutForms: readonly string[] = [
  "margin",
  "margin:A-B",
  "logit:K",
  "output:K",
  "predicted",
  "probability:K",
  "loss",
];

/** Predicted against runner-up for classifiers, the first output otherwise. */
export function defaultReadout({ outputs, loss }: ReadoutContext): string {
  return loss.probabilities && outputs > 1 ? "margin" : "output:0";
}

/** The readout that a spec names; RangeError when it has no such form or does not fit the model. */
export function readoutOf(spec: string, context: ReadoutContext): Readout {
  const colon = spec.indexOf(":");
  const [name, argument] = colon < 0 ? [spec, ""] : [spec.slice(0, colon), spec.slice(colon + 1)];
  const form = FORMS.get(name);
  if (!form) throw new RangeError(`readout must be one of ${readoutForms.join(", ")}, got "${spec}"`);
  if (form.argument === "required" && colon < 0)
    throw new RangeError(`readout ${name}: an output must be given, as in ${name}:0`);
  if (form.argument === "none" && colon >= 0)
    throw new RangeError(`readout ${name}: no argument must be given, got "${spec}"`);
  return form.make(spec, argument, context);
}
