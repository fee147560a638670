// What needs a file system: data sources, recorded runs on disk, training from a request.

export { datasetNames, loadDataset } from "./data/registry.ts";
export type { Dataset, LoadOptions, Split } from "./data/types.ts";
export {
  openSuperposition,
  type StoredSuperposition,
  type StoreOptions,
  storeSuperposition,
} from "./explain/superposition-store.node.ts";
export { type PngOptions, renderPng } from "./figures/png.node.ts";
export * from "./index.ts";
export { type NpyKernelFiles, npyMachineKernel } from "./kernels/npy-kernel.node.ts";
export { npyKernelSink } from "./kernels/npy-sink.node.ts";
export { inspectRun, type RunFault, type RunInspection } from "./run/inspect-run.node.ts";
export { packRun } from "./run/pack-run.node.ts";
export { type ResumedRun, resumeRunWriter } from "./run/resume-writer.node.ts";
export { runHash } from "./run/run-hash.node.ts";
export { openRun } from "./run/run-reader.node.ts";
export { createRunWriter } from "./run/run-writer.node.ts";
export { type ImportRequest, importRun } from "./train/import.node.ts";
export { folderStore } from "./train/record-store.node.ts";
export { type ReopenOptions, reopenTask } from "./train/reopen.node.ts";
export { placeHere, replayHere } from "./train/replay.node.ts";
export { type ResumeRequest, resumeTraining } from "./train/resume.node.ts";
export { runTraining, type TrainingRequest, type TrainingResult } from "./train/training.node.ts";
