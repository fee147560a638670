// The public names of pathkernel that run anywhere; `pathkernel/node` adds what reads and writes files.

export * from "./adversaries.ts";
export { type ArrayDatasetOptions, arrayDataset } from "./data/array-dataset.ts";
export { shuffledPatches } from "./data/shuffled-patches.ts";
export { type ImageTransformOptions, imageTransformUnits, transformImages } from "./data/transforms/registry.ts";
export * from "./diagnostics.ts";
export { Engine, type EngineOptions, type Feeds, openEngine, type Program } from "./engine/engine.ts";
export { loadOrt, type Provider, providerNames } from "./engine/ort.ts";
export * from "./errors.ts";
export { experimentIds, experimentOf, experiments } from "./experiments/registry.ts";
export { type ExperimentResult, type RunOptions as ExperimentRunOptions, runExperiment } from "./experiments/run.ts";
export type { Expectation as ExperimentExpectation, Experiment } from "./experiments/types.ts";
export { type Counterfactual, type CounterfactualOptions, counterfactual } from "./explain/counterfactual.ts";
export { type CriticalSteps, criticalSteps } from "./explain/critical-steps.ts";
export { DEFAULT_TOLERANCE, type ExplainOptions, explain } from "./explain/explain.ts";
export { type ExplainAlongOptions, explainAlong } from "./explain/explain-along.ts";
export {
  type ExplainSuperpositionOptions,
  explainSuperposition,
  superpositionShift,
} from "./explain/explain-superposition.ts";
export { type ExplanationMachineOptions, explanationMachine } from "./explain/explanation-machine.ts";
export {
  byGroup,
  type Grouping,
  type GroupPull,
  groupingOfNames,
  groupingOfSlices,
  type Slice,
} from "./explain/grouping.ts";
export { type ExplanationPlan, type PlanOptions, planExplanation } from "./explain/plan.ts";
export { datasetQueries, inputQueries } from "./explain/queries.ts";
export { ruleNames } from "./explain/rules.ts";
export {
  type ExpectedSecondOrder,
  expectedSecondOrder,
  type SecondOrder,
  type SecondOrderOptions,
  secondOrder,
} from "./explain/second-order.ts";
export { byLabel, cancellation, examplesFor80, strongest } from "./explain/summary.ts";
export { type SuperposeOptions, superpose } from "./explain/superpose.ts";
export { SuperpositionRecorder } from "./explain/superpose-training.ts";
export type { Superposition } from "./explain/superposition.ts";
export type { Explanation, ExplanationRow, Query, Shift, Term } from "./explain/types.ts";
export { type Verdict, verdictOf } from "./explain/verdict.ts";
export { type Dynamics, dynamicsKinds, type FlowState } from "./flows/dynamics.ts";
export { type FlowFields, flowFields } from "./flows/field.ts";
export { type GradientFlow, type GradientFlowOptions, gradientFlow } from "./flows/gradient-flow.ts";
export { noiseFactor } from "./flows/noise.ts";
export {
  type DiffusionExpectation,
  type Expectation,
  type SimulationOptions,
  simulateDescent,
  simulateDiffusion,
} from "./flows/simulate.ts";
export { type StartAcross, type StartAcrossOptions, startAcross } from "./flows/start-across.ts";
export { GraphBuilder } from "./graph/builder.ts";
export { readOnnx } from "./graph/onnx/reader.ts";
export { writeOnnx } from "./graph/onnx/writer.ts";
export type { Graph, Node, Value } from "./graph/types.ts";
export type {
  ApproximationBound,
  ApproximationError,
  ApproximationOptions,
  FeatureKernel,
  KernelFamily,
} from "./kernels/feature-kernel.ts";
export { type MatrixForm, matrixForms as kernelMatrixForms } from "./kernels/gram-matrix.ts";
export { dotProduct, gaussian, inputKernel, type PointKernel } from "./kernels/input-kernels.ts";
export {
  evaluateMachine,
  identityLink,
  type KernelMachine,
  type Link,
  type MachineEvaluation,
  modelPrior,
  probabilityLink,
  zeroPrior,
} from "./kernels/kernel-machine.ts";
export { type KernelProductOptions, kernelProduct } from "./kernels/kernel-product.ts";
export { type LandmarkChoice, landmarkChoices } from "./kernels/landmarks.ts";
export {
  eachKernelRows,
  inputMachineKernel,
  type MachineKernel,
  type MachineKernelCall,
  machineKernelProduct,
  type TangentMachineKernelOptions,
  tangentMachineKernel,
} from "./kernels/machine-kernel.ts";
export { matrixFamily, rowPoints } from "./kernels/matrix-family.ts";
export type { KernelMatrixOptions } from "./kernels/matrix-options.ts";
export type { MatrixPlan } from "./kernels/matrix-plan.ts";
export { type NystromKernel, type NystromOptions, nystromKernel } from "./kernels/nystrom.ts";
export * from "./kernels/path-kernels.ts";
export type { KernelPlan } from "./kernels/plan.ts";
export {
  type KernelRowSource,
  type PrecomputedKernelOptions,
  precomputedMachineKernel,
  streamedMachineKernel,
} from "./kernels/precomputed-kernel.ts";
export { gaussianMachineKernel, productMachineKernel } from "./kernels/product-kernel.ts";
export { type FourierOptions, fourierKernel, type SketchOptions, tangentSketch } from "./kernels/random-features.ts";
export { type SelfKernelOptions, selfKernel } from "./kernels/self-kernel.ts";
export type { KernelSink, KernelSpec, KernelTile } from "./kernels/sink.ts";
export { type KernelSolution, type KernelSolveOptions, kernelSolve, planKernelSolve } from "./kernels/solve.ts";
export {
  type KernelSpectrum,
  type KernelSpectrumOptions,
  kernelSpectrum,
  planKernelSpectrum,
} from "./kernels/spectrum.ts";
export {
  type StreamOptions,
  streamTangentKernel,
  type TangentKernel,
  type TangentKernelOptions,
  tangentKernel,
} from "./kernels/tangent-kernel.ts";
export { linearisedMachine, type TangentMachineOptions, tangentMachine } from "./kernels/tangent-machine.ts";
export {
  algorithmNames as kernelAlgorithmNames,
  type KernelDivision,
  type KernelForm,
  type KernelModel,
  kernelDivisions,
  kernelForms,
} from "./kernels/types.ts";
export { onnxLoss } from "./losses/onnx-loss.ts";
export { lossForms, lossNames, lossOf } from "./losses/registry.ts";
export type { Loss } from "./losses/types.ts";
export { type ClassPair, classPairs } from "./machines/class-pairs.ts";
export {
  type ComparedMachine,
  type CompareOptions,
  comparedMachines,
  compareMachines,
  type MachineComparison,
  type MachineResult,
} from "./machines/compare.ts";
export { type ComparisonPlan, planComparison } from "./machines/compare-plan.ts";
export { type ComparedSolver, comparedSolvers } from "./machines/compared-solvers.ts";
export { type DualReport, type SvmSolver, svmSolvers } from "./machines/dual-solver.ts";
export { type FeatureRidge, type FeatureRidgeCurves, featureRidge } from "./machines/feature-ridge.ts";
export { medianGamma } from "./machines/gaussian-width.ts";
export {
  featurePreconditioner,
  type IterativeRidge,
  type IterativeRidgeOptions,
  iterativeRidge,
} from "./machines/iterative-ridge.ts";
export { type KernelFlow, type KernelFlowOptions, kernelGradientFlow, type Moment } from "./machines/kernel-flow.ts";
export { type KernelPca, type KernelPcaOptions, kernelPca } from "./machines/kernel-pca.ts";
export { type KernelRidgeOptions, kernelRidge } from "./machines/kernel-ridge.ts";
export { type LinearisedTrainingOptions, trainLinearised } from "./machines/linearised-training.ts";
export {
  type DistanceMeasure,
  distanceMeasures,
  distancesTo,
  euclideanDistances,
  kernelDistances,
  type Nearest,
  nearest,
} from "./machines/nearest.ts";
export {
  type NearestNeighbours,
  type NearestNeighboursOptions,
  nearestNeighbours,
} from "./machines/nearest-neighbours.ts";
export {
  type RidgeChoice,
  type RidgeCurves,
  type RidgeCurvesOptions,
  ridgeChoices,
  ridgeCurves,
} from "./machines/ridge-curves.ts";
export { type RidgeMachine, type RidgeMachineOptions, ridgeMachine } from "./machines/ridge-machine.ts";
export { type RidgeFit, type RidgeModes, ridgeFit, ridgeModes } from "./machines/ridge-modes.ts";
export {
  type PlattOptions,
  type SupportVectorClassifier,
  type SupportVectorClassifierOptions,
  supportVectorClassifier,
} from "./machines/support-vector-classifier.ts";
export {
  type SupportVectorRegressor,
  type SupportVectorRegressorOptions,
  supportVectorRegressor,
} from "./machines/support-vector-regressor.ts";
export type { SupportVectors } from "./machines/support-vectors.ts";
export { winners } from "./machines/targets.ts";
export {
  type Umap,
  type UmapOfDistancesOptions,
  type UmapOfKernelOptions,
  type UmapOptions,
  umapOfDistances,
  umapOfKernel,
} from "./machines/umap.ts";
export { cnn } from "./models/cnn.ts";
export { modelFromBuilder } from "./models/from-graph.ts";
export { linearise } from "./models/linearise.ts";
export { type MlpOptions, mlp } from "./models/mlp.ts";
export { modelFromOnnx } from "./models/onnx-file.ts";
export { withOutputScale } from "./models/output-scale.ts";
export { type Parametrisation, parametrisations } from "./models/parametrisation.ts";
export { createModel, modelNames } from "./models/registry.ts";
export type { Model } from "./models/types.ts";
export { pearson, spearman } from "./numeric/correlation.ts";
export { type Layout, type LayoutEntry, layoutOf, viewsOf } from "./numeric/layout.ts";
export {
  type ConjugateGradientOptions,
  type ConjugateGradients,
  conjugateGradients,
  type Product,
} from "./numeric/linear-algebra/conjugate-gradients.ts";
export { type LanczosOptions, type LanczosPairs, lanczos } from "./numeric/linear-algebra/lanczos.ts";
export { type LinearAlgebraOptions, openLinearAlgebra } from "./numeric/linear-algebra/load.ts";
export {
  algebraNames as linearAlgebraNames,
  type Cholesky,
  type Eigenpairs,
  type LeastSquares,
  type LinearAlgebra,
  type Matrix,
  type Svd,
} from "./numeric/linear-algebra/types.ts";
export { generatorName, type Random, randomFrom } from "./numeric/random.ts";
export { type DType, type RealArray, type RealDType, type Tensor, tensor } from "./numeric/tensor.ts";
export { type ClippingOptions, withClipping } from "./optimizers/clipping.ts";
export type { OptimizerOptions } from "./optimizers/options.ts";
export { createOptimizer, optimizerNames } from "./optimizers/registry.ts";
export type { Clipping, Optimizer } from "./optimizers/types.ts";
export { readoutForms, readoutOf } from "./readouts/registry.ts";
export type { Readout } from "./readouts/types.ts";
export { createRegulariser, regulariserForms, regulariserNames } from "./regularisers/registry.ts";
export type { Regulariser } from "./regularisers/types.ts";
export { renderReport } from "./reports/report.ts";
export type { ReportInput } from "./reports/types.ts";
export { type RecordingReport, type RecordingTier, recordingOf } from "./run/recording.ts";
export type { Batch, Checkpoint, NewRun, Recording, Run, RunManifest, RunWriter, StepScalars } from "./run/types.ts";
export { createSchedule, scheduleForms, scheduleFrom, scheduleNames, scheduleOf } from "./schedules/registry.ts";
export type { Backtracking, Schedule, ScheduleContext } from "./schedules/types.ts";
export { accuracyOf, predict } from "./train/accuracy.ts";
export { accumulatedBatches, fullBatches, meanBatch, shuffledBatches, weightedBatches } from "./train/batches.ts";
export type { ReplayDifference } from "./train/engine-differences.ts";
export { hiddenFeatures } from "./train/hidden-features.ts";
export { inputJacobian } from "./train/input-jacobian.ts";
export { isNotable as isNotableJump, type Jump } from "./train/jump.ts";
export { type MemoryTrainingOptions, trainInMemory } from "./train/memory-training.ts";
export {
  type LoopRecorder,
  type LoopStep,
  type ParameterValues,
  type RecordedLoop,
  type RecordOptions,
  type RecordStore,
  record,
} from "./train/record.ts";
export {
  type CheckpointCheck,
  type ReplayOptions,
  type ReplayReport,
  replay,
  type ScalarCheck,
} from "./train/replay.ts";

export { type RecordedPlace, type ReplayPlace, replayDifferences, replayPlace } from "./train/replay-differences.ts";
export { type RemainingWeights, type Retrained, type RetrainOptions, retrainWithout } from "./train/retrain.ts";
export { initialParameters, type SeededTask, type SeededTaskOptions, seededTask } from "./train/seeded-task.ts";
export { createTask, type Task, type TaskOptions } from "./train/task.ts";
export type { ObservedStep, Progress } from "./train/train.ts";
export { parametersAt } from "./train/trajectory.ts";
export { VERSION } from "./version.ts";
