// The public names of kernels that are summed along a training.

export { type LossPathKernel, type LossPathKernelOptions, lossPathKernel } from "./loss-path-kernel.ts";
export { type PathKernel, type PathKernelOptions, pathKernel } from "./path-kernel.ts";
export {
  earlySteps,
  type PathMachineKernel,
  type PathMachineKernelOptions,
  type PathNode,
  pathMachineKernel,
  pathNodes,
} from "./path-machine-kernel.ts";
