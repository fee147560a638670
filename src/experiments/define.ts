// Declares an experiment with the types of its size and of its measures, which nothing outside of it needs to know.

import type {
  Expectation,
  Experiment,
  ExperimentFacts,
  Findings,
  MeasureContext,
  Parameter,
  SizeName,
} from "./types.ts";

export interface Declaration<Size, Measure, Name extends string> extends ExperimentFacts {
  readonly expectations: Readonly<Record<Name, Expectation>>;
  /** `quick` takes seconds, `full` minutes, each for all its seeds. */
  readonly sizes: Readonly<Record<SizeName, Size>>;
  readonly parameters: (size: Size) => readonly Parameter[];
  /** The computation for one seed: plain data. */
  readonly measure: (size: Size, context: MeasureContext) => Promise<Measure>;
  readonly conclude: (measures: readonly Measure[], size: Size, seeds: readonly number[]) => Findings<Name>;
}

export function defineExperiment<Size, Measure, Name extends string>(
  declaration: Declaration<Size, Measure, Name>,
): Experiment {
  const { sizes, parameters, measure, conclude, ...facts } = declaration;
  return {
    ...facts,
    at: (name) => ({
      parameters: parameters(sizes[name]),
      measure: (context) => measure(sizes[name], context),
      // Only what `measure` gave comes back here.
      conclude: (measures, seeds) => conclude(measures as readonly Measure[], sizes[name], seeds),
    }),
  };
}
