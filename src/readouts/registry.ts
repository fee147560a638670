// Readouts by the names that users write: `margin`, `logit:3`, `probability:1`, `loss`, ...

import { alongReadout, marginReadout, outputReadout, predictedReadout } from "./linear.ts";
import { lossReadout } from "./loss.ts";
import { hasPositions, lastPlace } from "./place.ts";
import { probabilityReadout } from "./probability.ts";
import type { Readout, ReadoutContext } from "./types.ts";

interface Form {
  readonly make: (spec: string, argument: string, context: ReadoutContext) => Readout;
  /** Whether `name:argument` must, may or must not have an argument; `position`: it may where the outputs have positions. */
  readonly argument: "required" | "optional" | "position" | "none";
}

const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ["margin", { make: marginReadout, argument: "optional" }],
  ["logit", { make: outputReadout, argument: "required" }],
  ["output", { make: outputReadout, argument: "required" }],
  ["predicted", { make: predictedReadout, argument: "position" }],
  ["along", { make: alongReadout, argument: "none" }],
  ["probability", { make: probabilityReadout, argument: "required" }],
  ["loss", { make: lossReadout, argument: "none" }],
]);

export const readoutForms: readonly string[] = [
  "margin",
  "margin:A-B",
  "logit:K",
  "output:K",
  "predicted",
  "along",
  "probability:K",
  "loss",
];

/** How readouts of outputs with positions are written. */
export const positionForms = "POS/ before outputs of a sequence, as in logit:-1/3, margin:7/3-5; margin:POS";

/** Predicted against runner-up for classifiers, the first output otherwise; at the last position where there are positions. */
export function defaultReadout(context: ReadoutContext): string {
  const { prefix, width } = lastPlace(context);
  const { probabilities, target } = context.loss;
  return (probabilities || target === "class") && width > 1 ? "margin" : `output:${prefix}0`;
}

/** The readout that a spec names; RangeError when it has no such form or does not fit the model. */
export function readoutOf(spec: string, context: ReadoutContext): Readout {
  const colon = spec.indexOf(":");
  const [name, argument] = colon < 0 ? [spec, ""] : [spec.slice(0, colon), spec.slice(colon + 1)];
  const form = FORMS.get(name);
  if (!form) throw new RangeError(`readout must be one of ${readoutForms.join(", ")}, got "${spec}"`);
  if (form.argument === "required" && colon < 0)
    throw new RangeError(`readout ${name}: an output must be given, as in ${name}:${lastPlace(context).prefix}0`);
  const bare = form.argument === "none" || (form.argument === "position" && !hasPositions(context));
  if (bare && colon >= 0) throw new RangeError(`readout ${name}: no argument must be given, got "${spec}"`);
  return form.make(spec, argument, context);
}
