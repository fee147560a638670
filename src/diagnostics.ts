// The public names of what is measured of kernels, spans and runs; `index.ts` gives them all.

export {
  type CkaForm,
  type CkaOptions,
  centredKernel,
  cka,
  ckaForms,
  kernelTargetAlignment,
  labelKernel,
  targetKernel,
} from "./diagnose/alignment.ts";
export { kernelAsymmetry } from "./diagnose/asymmetry.ts";
export { type BlockScore, blockScore, normalisedKernel } from "./diagnose/block-score.ts";
export { type ClassOrder, classOrder } from "./diagnose/class-order.ts";
export { type Clusters, type ClustersOptions, clusters } from "./diagnose/clusters.ts";
export { type Concentration, concentration, type LorenzPoint } from "./diagnose/concentration.ts";
export { type CoveragePlan, type CoverageRequest, planCoverage } from "./diagnose/coverage-plan.ts";
export {
  type CoverageScore,
  coverageScores,
  type ScoredQueries,
  type ScoreOptions,
  type Separation,
  scoreQueries,
  separations,
} from "./diagnose/coverage-scores.ts";
export { diagnose } from "./diagnose/diagnose.ts";
export {
  type DiagnoseOptions,
  type Diagnosis,
  type DiagnosisPlan,
  type LayerAlignment,
  type MeasureName,
  measureNames,
  type StepDiagnosis,
} from "./diagnose/diagnosis.ts";
export { diagnosisSteps, planDiagnosis } from "./diagnose/diagnosis-plan.ts";
export { type DiagnosisRow, diagnosisTable } from "./diagnose/diagnosis-table.ts";
export { type KernelInvariance, kernelInvariance } from "./diagnose/invariance.ts";
export { type KernelMovement, kernelMovement } from "./diagnose/kernel-movement.ts";
export { type Laziness, type LazinessOptions, measureLaziness } from "./diagnose/laziness.ts";
export {
  type Linearisation,
  linearisationError,
  measureLinearisation,
  outputChange,
} from "./diagnose/linearisation.ts";
export * from "./diagnose/loss-path-bound.ts";
export {
  type Alignment,
  type KernelMeasures,
  type MeasureKernelOptions,
  measureKernel,
} from "./diagnose/measure-kernel.ts";
export {
  type NeighbourList,
  type NeighbourPair,
  neighbourLists,
  type QueryNeighbours,
} from "./diagnose/neighbour-lists.ts";
export {
  type NeighbourMeans,
  type NeighbourMetric,
  type Neighbours,
  type NeighboursOptions,
  type NeighboursPlan,
  neighbourMetrics,
  neighbours,
  planNeighbours,
} from "./diagnose/neighbours.ts";
export { type NeighboursAlongOptions, type NeighboursAtStep, neighboursAlong } from "./diagnose/neighbours-along.ts";
export { type Modes, modeEnergies, type NullSpace, type NullSpaceOptions, nullSpace } from "./diagnose/null-space.ts";
export { maxProbability, type NearnessMeasure, nearness, nearnessMeasures } from "./diagnose/ood-baselines.ts";
export { type RankGap, type RankGapOptions, type RankMethod, rankGap, rankMethods } from "./diagnose/rank-gap.ts";
export {
  featureMovement,
  kernelDrift,
  kernelRotation,
  type Richness,
  richnessGauge,
  richnessThresholds,
} from "./diagnose/richness.ts";
export {
  type AurocInterval,
  auroc,
  type BootstrapOptions,
  bootstrapInterval,
  delongInterval,
  falsePositiveRate,
  type LabelledScores,
  type RocCurve,
  rocCurve,
} from "./diagnose/roc.ts";
export { namedSample, type Sample } from "./diagnose/sample.ts";
export { diagnosisSentences, type Sentence } from "./diagnose/sentences.ts";
export {
  type ClassScatter,
  classScatter,
  inputGram,
  type LinearSeparability,
  linearSeparability,
} from "./diagnose/separability.ts";
export { type Silhouette, silhouette } from "./diagnose/silhouette.ts";
export { logLogSlope, type SizedMeasure, type Slope, slopeOverSeeds } from "./diagnose/slopes.ts";
export {
  type SpanForm,
  type SpanKernel,
  type SpanKernelOptions,
  type SpanReadout,
  spanForms,
  tangentSpanKernel,
} from "./diagnose/span-kernel.ts";
export {
  directionsFor,
  type SpectrumOptions,
  type SpectrumSummary,
  spectrumSummary,
} from "./diagnose/spectrum-summary.ts";
export {
  type KinkStep,
  type KinksAlong,
  type KinksAlongOptions,
  kinksAlong,
  type UnitActivity,
  type UnitGroup,
  unitActivity,
} from "./diagnose/switch-units.ts";
export { type TangentMatrixOptions, tangentMatrix } from "./diagnose/tangent-matrix.ts";
export {
  type Coverage,
  DEFAULT_SPAN_RIDGE,
  type TrainingSpan,
  type TrainingSpanOptions,
  trainingSpan,
} from "./diagnose/training-span.ts";
export { trustworthiness } from "./diagnose/trustworthiness.ts";
export { type WidthMeasure, type WidthSweepOptions, widthSweep } from "./diagnose/width-sweep.ts";
