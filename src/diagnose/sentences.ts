// What the numbers of a diagnosis say, one sentence a measure, for someone who has not met them before.

import type { Diagnosis, MeasureName, StepDiagnosis } from "./diagnosis.ts";

export interface Sentence {
  readonly measure: MeasureName;
  readonly text: string;
}

const percent = (share: number): string => {
  if (share > 0 && share < 5e-4) return "less than 0.1 %";
  return `${(100 * share).toFixed(share > 0 && share < 0.095 ? 1 : 0)} %`;
};
/** A change relative to what was there: "40 %", "11 times their size". */
const relative = (change: number): string => (change < 2 ? percent(change) : `${digits(change)} times their size`);
const digits = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(2));

type Say = (diagnosis: Diagnosis, last: StepDiagnosis, first: StepDiagnosis) => string | undefined;

const spectrum: Say = ({ plan, dtype }, { spectrum: own }) => {
  if (!own) return undefined;
  const [n] = plan.sample.x.shape;
  if (own.trace === 0) return "the kernel is zero: no parameter moves any output.";
  const rank =
    own.nullity === 0
      ? `all ${n} are above the rounding of ${dtype}`
      : `${own.nullity} of ${n} cannot be told from rounding of ${dtype} (below ${digits(own.tolerance)})`;
  const about = Math.round(own.effectiveRank);
  return `effective rank ${digits(own.effectiveRank)} of ${n}: by their gradients these examples are about ${about} different ${about === 1 ? "one" : "ones"}; the largest direction has ${percent(own.shares[0])} of the trace, ${rank}.`;
};

const nullSpace: Say = (_, { nullSpace: own }) => {
  if (!own) return undefined;
  if (own.share === undefined) return "the residual is zero: nothing is left to learn on these examples.";
  const weak = `${percent(own.weakShare as number)} of what is still wrong on ${own.examples} ${own.examples === 1 ? "example" : "examples"} lies in the ${own.weakModes} of ${own.order} directions with at most ${own.weak} of the largest eigenvalue, where gradient descent is slow`;
  const none =
    own.nullity === 0
      ? "none is out of its reach: the kernel of so few examples has full rank"
      : `${percent(own.share)} is in the null space (${own.nullity} directions, to rounding), out of its reach`;
  return `${weak}; ${none}.`;
};

const alignment: Say = (_, { alignment: own }, { alignment: before }) => {
  if (own?.centred === undefined) return own && "kernel or labels are constant: there is nothing to align.";
  const change =
    before?.centred === undefined || before === own
      ? ""
      : own.centred > before.centred
        ? `, up from ${digits(before.centred)}: the gradients turned toward the labels`
        : `, down from ${digits(before.centred)}: the gradients did not turn toward the labels`;
  return `CKA ${digits(own.centred)} with the labels${change} (1: alike exactly where labels are; 0: unrelated).`;
};

const movement: Say = ({ movement: own, richness }) => {
  if (!own) return undefined;
  const last = own.steps.length - 1;
  const turned = own.distances.data[last];
  const centred = own.centred[last];
  const rest = centred === undefined ? "" : `, without what all pairs share by ${digits(centred)}`;
  const fastest = own.velocity.reduce((best, speed, k) => (speed > own.velocity[best] ? k : best), 0);
  const early =
    own.steps.length > 2 && turned > 0
      ? `, fastest between steps ${own.steps[fastest]} and ${own.steps[fastest + 1]}`
      : "";
  const regime = richness
    ? `; features moved by ${relative(richness.featureMovement)}, the kernel by ${relative(richness.kernelDrift)}: ${richness.regime} training${richness.regime === "lazy" ? ", one kernel tells it all" : richness.regime === "rich" ? ", the kernel at the end is another one" : ""}`
    : "";
  return `the kernel turned by ${digits(turned)} (0: same direction, 1: nothing in common)${rest}${early}${regime}.`;
};

const linearisation: Say = (_, { linearisation: own }) => {
  if (!own) return undefined;
  if (own.error === undefined) return "the outputs have not moved.";
  const verdict =
    own.error < 0.1
      ? "the network is nearly linear in its weights"
      : own.error < 0.5
        ? "its linearisation at the start says roughly what it became"
        : "its linearisation at the start does not say what it became";
  return `the linearised network misses ${percent(own.error)} of the change of the outputs: ${verdict}.`;
};

const separability: Say = ({ inputs }, { separability: own }) => {
  if (!own) return undefined;
  if (!own.linear) return "there is one class only, or the kernel is zero: nothing to separate.";
  const { accuracy, chance } = own.linear;
  const beside = inputs?.separability?.linear
    ? `, ${percent(inputs.separability.linear.accuracy)} in the inputs themselves`
    : "";
  return `a linear classifier in the gradients names ${percent(accuracy)} of left-out examples rightly${beside} (always the largest class: ${percent(chance)}).`;
};

const blocks: Say = ({ inputs }, { blocks: own }) => {
  if (!own) return undefined;
  if (own.difference === undefined) return "there is one class only, or one example of each: no blocks.";
  const beside = inputs?.blocks?.difference === undefined ? "" : `; in the inputs ${digits(inputs.blocks.difference)}`;
  return `gradients of two examples of one class have cosine ${digits(own.within as number)} on average, of two classes ${digits(own.between as number)}: difference ${digits(own.difference)}${beside}.`;
};

/** Energy that is nothing beside what the numbers are good to. */
const ROUNDING = 1e-6;

const rankGap: Say = ({ plan }, { rankGap: own }) => {
  if (!own || !plan.rankGap) return undefined;
  const { train, queries } = plan.rankGap;
  if (own.outOfSpanEnergy < ROUNDING)
    return `the gradients of ${queries} queries lie in the span of those of ${train} examples, but for less than a millionth of their energy.`;
  const usual =
    own.length > own.trainFeatures && own.gap === own.queryFeatures
      ? " (a gap of one each is what any network of more parameters than examples has)"
      : "";
  return `${percent(own.outOfSpanEnergy)} of the gradients of ${queries} queries lies outside the span of those of ${train} examples: no step on these examples reaches that part; rank gap ${own.gap}${usual}.`;
};

const units: Say = ({ kinks }, { step }) => {
  if (!kinks) return undefined;
  if (kinks.groups.length === 0) return "the network is smooth: it has no units that switch.";
  const all = kinks.groups.reduce((total, { units: own }) => total + own, 0);
  const { dormant, alwaysActive } = kinks.steps[kinks.steps.length - 1];
  const changed = kinks.steps.reduce((total, { crossings = 0 }) => total + crossings, 0) / (all * kinks.examples);
  const moved =
    kinks.steps.length > 1
      ? `; a pair of unit and example changed sides ${digits(changed)} times by step ${step} on average, at least`
      : "";
  return `${dormant} of ${all} units are never active on these examples and learn nothing from them, ${alwaysActive} always are${moved}.`;
};

const SAYINGS: Readonly<Record<MeasureName, Say>> = {
  spectrum,
  "null-space": nullSpace,
  alignment,
  movement,
  linearisation,
  separability,
  blocks,
  "rank-gap": rankGap,
  units,
};

/** One sentence for each measure that there is, of the last step of the list against the first. */
export function diagnosisSentences(diagnosis: Diagnosis): Sentence[] {
  const { steps, plan } = diagnosis;
  return plan.measures.flatMap((measure) => {
    const text = SAYINGS[measure](diagnosis, steps[steps.length - 1], steps[0]);
    return text === undefined ? [] : [{ measure, text }];
  });
}
