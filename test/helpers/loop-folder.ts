// Writes the folder of a recorded loop (docs/import.md) for tests: a small training of ours in the part of another program's.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeOnnx } from "../../src/graph/onnx/writer.ts";
import { storedGraph } from "../../src/models/dropout.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { integers, reals, type Tensor, toReal } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import type { Loop } from "./recorded-loop.ts";

/** PyTorch's names, as its recorder writes them. */
const TORCH_COLUMNS: Readonly<Record<string, string>> = {
  momentum: "momentum_buffer",
  firstMoment: "exp_avg",
  secondMoment: "exp_avg_sq",
};

export interface LoopFolder {
  readonly path: string;
  /** Replaces a file; undefined removes it. */
  write(name: string, content: string | Uint8Array | undefined): void;
}

export interface LoopFolderOptions {
  /** Steps before which parameters are recorded; default: all. */
  readonly states?: readonly number[];
  /** Whether checkpoints hold the optimizer's state too. */
  readonly withState?: boolean;
}

/** All that a loop with that optimizer and mean loss would have recorded. */
export async function writeLoopFolder(
  path: string,
  { task, run, params }: Loop,
  { states = run.checkpoints, withState = false }: LoopFolderOptions = {},
): Promise<LoopFolder> {
  const write: LoopFolder["write"] = (name, content) => {
    if (content === undefined) rmSync(join(path, name));
    else writeFileSync(join(path, name), content);
  };
  mkdirSync(join(path, "checkpoints"), { recursive: true });
  for (const step of states) {
    const { params: own, buffers } = await run.checkpoint(step);
    const columns = Object.entries(withState && step > 0 ? buffers : {}).flatMap(([column, data]) =>
      Object.entries(viewsOf(task.layout, data)).map(([name, view]) => [`${name}@${TORCH_COLUMNS[column]}`, view]),
    );
    const tensors: Record<string, Tensor> = { ...viewsOf(task.layout, own), ...Object.fromEntries(columns) };
    write(`checkpoints/${String(step).padStart(8, "0")}.safetensors`, encodeSafetensors(tensors));
  }
  // The values in the file are those of a stand-in, as the recorder leaves them.
  const standIn = params.map((_: number, k: number) => 0.5 + k / 1000) as Float64Array;
  const initializers = viewsOf(task.model.parameters, standIn);
  write("model.onnx", writeOnnx(storedGraph(task.model), { real: task.engine.dtype, initializers }));
  const indices = run.batches.flatMap((batch) => [...batch.indices]);
  const offsets = [0];
  for (const batch of run.batches) offsets.push(offsets[offsets.length - 1] + batch.indices.length);
  write("batches.npz", batchesFile(indices, offsets));
  const { train, test } = task.dataset;
  write("data.npz", encodeNpz({ x_train: train.x, y_train: train.y, x_test: test.x, y_test: test.y }));
  const y = reals([test.x.shape[0], task.outputs], await predict(task, params, test));
  write("probe.npz", encodeNpz({ x: test.x, y: toReal(y, task.engine.dtype) }));
  const { lr, beta1, beta2, ...others } = task.optimizer.options;
  const options = { ...others, ...(beta1 !== undefined && { betas: [beta1, beta2] }), foreach: null, maximize: false };
  write("optimizer.json", JSON.stringify({ name: task.optimizer.name, options, lr }));
  write(
    "run.json",
    JSON.stringify({ schema: "pathkernel.import/1", recorder: "a test", loss: { name: task.loss.name } }),
  );
  return { path, write };
}

export function batchesFile(
  indices: readonly number[],
  offsets: readonly number[],
  weights?: readonly number[],
): Uint8Array {
  return encodeNpz({
    indices: integers([indices.length], indices),
    offsets: integers([offsets.length], offsets),
    ...(weights && { weights: reals([weights.length], weights) }),
  });
}
