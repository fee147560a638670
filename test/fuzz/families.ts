// All families of fuzzed inputs by name; each is loaded when it is first asked for, with everything that it reads.

import type { Family } from "./input.ts";
import type { JobFamily } from "./shares.ts";

const LOADERS: Readonly<Record<JobFamily, () => Promise<Family>>> = {
  run: async () => (await import("./run-folder.ts")).runFolder,
  npy: async () => (await import("./npy.ts")).npy,
  zip: async () => (await import("./zip.ts")).zip,
  safetensors: async () => (await import("./safetensors.ts")).safetensors,
  data: async () => (await import("./tables.ts")).tables,
  import: async () => (await import("./import-folder.ts")).importFolder,
  onnx: async () => (await import("./onnx.ts")).onnx,
  operators: async () => (await import("./onnx.ts")).operators,
  faults: async () => (await import("./faults.ts")).faults,
};

export const familyOf = (name: JobFamily): Promise<Family> => LOADERS[name]();
