// A diagnosis as rows of numbers, a column for the inputs and one a step.

import type { Diagnosis, MeasureName, StepDiagnosis } from "./diagnosis.ts";
import type { KernelMeasures } from "./measure-kernel.ts";

export interface DiagnosisRow {
  /** Which measure it belongs to; undefined for what was trained. */
  readonly measure: MeasureName | undefined;
  readonly name: string;
  /** Of the inputs, and before each step; undefined where there is no number. */
  readonly inputs: number | undefined;
  readonly values: readonly (number | undefined)[];
}

type OfKernel = (measures: KernelMeasures) => number | undefined;
type OfStep = (step: StepDiagnosis, k: number) => number | undefined;

/** Numbers that the inputs have too. */
const KERNEL_ROWS: readonly (readonly [MeasureName, string, OfKernel])[] = [
  ["spectrum", "trace", ({ spectrum }) => spectrum?.trace],
  ["spectrum", "share of the largest", ({ spectrum }) => spectrum?.shares[0]],
  ["spectrum", "effective rank", ({ spectrum }) => spectrum?.effectiveRank],
  ["spectrum", "participation ratio", ({ spectrum }) => spectrum?.participationRatio],
  ["spectrum", "stable rank", ({ spectrum }) => spectrum?.stableRank],
  ["spectrum", "numerical rank", ({ spectrum }) => spectrum?.rank],
  ["alignment", "CKA, centred", ({ alignment }) => alignment?.centred],
  ["alignment", "CKA, debiased", ({ alignment }) => alignment?.debiased],
  ["alignment", "CKA, uncentred", ({ alignment }) => alignment?.uncentred],
  ["alignment", "alignment A", ({ alignment }) => alignment?.target],
  ["separability", "linear accuracy, left out", ({ separability }) => separability?.linear?.accuracy],
  ["separability", "median margin", ({ separability }) => separability?.linear?.margin],
  ["separability", "variance between classes", ({ separability }) => separability?.scatter.explained],
  ["blocks", "cosine within classes", ({ blocks }) => blocks?.within],
  ["blocks", "cosine between classes", ({ blocks }) => blocks?.between],
  ["blocks", "difference", ({ blocks }) => blocks?.difference],
  ["blocks", "ratio", ({ blocks }) => blocks?.ratio],
];

/** Of a piecewise network; nothing of a smooth one. */
function unitRows(kinks: Diagnosis["kinks"]): readonly (readonly [MeasureName, string, OfStep])[] {
  if (!kinks || kinks.groups.length === 0) return [];
  const pairs = kinks.examples * kinks.groups.reduce((total, { units }) => total + units, 0);
  const changed = (k: number): number | undefined => {
    const { crossings } = kinks.steps[k];
    return crossings === undefined ? undefined : crossings / pairs;
  };
  return [
    ["units", "never active", (_, k) => kinks.steps[k].dormant],
    ["units", "always active", (_, k) => kinks.steps[k].alwaysActive],
    ["units", "signs that changed", (_, k) => changed(k)],
  ];
}

function stepRows({
  movement,
  steps,
  kinks,
}: Diagnosis): readonly (readonly [MeasureName | undefined, string, OfStep])[] {
  const layers = steps[0].layers ?? [];
  return [
    [undefined, "loss", ({ loss }) => loss],
    [undefined, "accuracy", ({ accuracy }) => accuracy],
    ["null-space", "dimensions", ({ nullSpace }) => nullSpace?.nullity],
    ["null-space", "residual in it", ({ nullSpace }) => nullSpace?.share],
    ["null-space", "residual in weak modes", ({ nullSpace }) => nullSpace?.weakShare],
    ["null-space", "stiffness of the residual", ({ nullSpace }) => nullSpace?.stiffness],
    ...layers.flatMap(({ name }, g): (readonly [MeasureName, string, OfStep])[] => [
      ["alignment", `${name}: CKA, centred`, (step) => step.layers?.[g].centred],
      ["alignment", `${name}: share of the trace`, (step) => step.layers?.[g].share],
    ]),
    ["movement", "distance from the first", (_, k) => movement?.distances.data[k]],
    ["movement", "the same, centred", (_, k) => movement?.centred[k]],
    ["movement", "velocity, a step", (_, k) => (k === 0 ? undefined : movement?.velocity[k - 1])],
    ["movement", "drift |K - K_0| / |K_0|", (_, k) => movement?.drift[k]],
    ["rank-gap", "energy outside the span", ({ rankGap }) => rankGap?.outOfSpanEnergy],
    ["rank-gap", "rank gap", ({ rankGap }) => rankGap?.gap],
    ...unitRows(kinks),
    ["linearisation", "missed by f_lin", ({ linearisation }) => linearisation?.error],
  ];
}

/** Rows of all measures that there are, in their order; rows without any number are left out. */
export function diagnosisTable(diagnosis: Diagnosis): DiagnosisRow[] {
  const { steps, inputs, plan } = diagnosis;
  const rows = [
    ...stepRows(diagnosis).map(([measure, name, of]) => ({ measure, name, inputs: undefined, values: steps.map(of) })),
    ...KERNEL_ROWS.map(([measure, name, of]) => ({
      measure,
      name,
      inputs: inputs && of(inputs),
      values: steps.map(of),
    })),
  ];
  const order = [undefined, ...plan.measures];
  // Of one measure, what is of the whole kernel comes before what is of its layers.
  const layered = (name: string): number => (name.includes(": ") ? 1 : 0);
  return rows
    .filter(({ inputs: own, values }) => own !== undefined || values.some((value) => value !== undefined))
    .sort((a, b) => order.indexOf(a.measure) - order.indexOf(b.measure) || layered(a.name) - layered(b.name));
}
