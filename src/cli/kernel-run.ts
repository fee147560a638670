// `pathkernel kernel`: tangent kernels of a recorded run at some of its steps, as one .npy array.

import { datasetQueries } from "../explain/queries.ts";
import type { Choice } from "../kernels/choose.ts";
import { type TangentKernelOptions, tangentKernel } from "../kernels/tangent-kernel.ts";
import { writeFileAtomic } from "../numeric/files.node.ts";
import { encodeNpy } from "../numeric/npy.ts";
import { allocate, type RealArray, type Tensor, takeRows, zeros } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { stateAt } from "../train/trajectory.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { formatSeconds } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { KERNEL_EXAMPLES, KERNEL_SHAPE } from "./kernel-flags.ts";
import { requireWritable } from "./output-path.ts";
import { startProgress } from "./progress.ts";
import { withRun } from "./run-session.ts";

/** The examples that a spec names, as one array. */
function examplesNamed(task: Task, spec: string): Tensor {
  const queries = datasetQueries(task, spec);
  const size = queries[0].x.data.length;
  const data = allocate(queries[0].x.dtype, queries.length * size) as RealArray;
  queries.forEach(({ x }, k) => {
    data.set(x.data as RealArray, k * size);
  });
  return { dtype: queries[0].x.dtype, shape: [queries.length, ...task.dataset.inputShape], data };
}

function firstExamples({ dataset: { train } }: Task): Tensor {
  const count = Math.min(KERNEL_EXAMPLES, train.x.shape[0]);
  return takeRows(
    train.x,
    Array.from({ length: count }, (_, n) => n),
  );
}

/** Step numbers; UsageError for one that the run does not have. */
function stepsOf(at: readonly (number | "last")[], { batches }: Run): number[] {
  return at.map((step) => {
    if (step === "last") return batches.length;
    if (step <= batches.length) return step;
    throw new UsageError(`--at must hold last or steps in 0..${batches.length}, got ${step}`);
  });
}

interface Request {
  readonly run: Run;
  readonly task: Task;
  readonly steps: readonly number[];
  readonly xs: Tensor;
  readonly xs2: Tensor | undefined;
  readonly options: TangentKernelOptions;
}

interface Found extends Choice {
  /** (steps, N, M, ...form). */
  readonly kernels: Tensor;
}

/** One kernel a step. Memory: the result and one kernel. */
async function kernelsAt(
  { output, signal }: Invocation,
  { run, task, steps, xs, xs2, options }: Request,
): Promise<Found> {
  const progress = startProgress(output);
  let found: Found | undefined;
  try {
    for (const [k, step] of steps.entries()) {
      const { params } = await stateAt(task, run, step);
      const onProgress: TangentKernelOptions["onProgress"] = ({ stage, done, total }) =>
        progress.report({ stage, done: k * total + done, total: steps.length * total });
      const { kernel, ...choice } = await tangentKernel(task, params, xs, xs2, { ...options, signal, onProgress });
      found ??= { ...choice, kernels: zeros(kernel.dtype, [steps.length, ...kernel.shape]) };
      (found.kernels.data as RealArray).set(kernel.data as RealArray, k * kernel.data.length);
    }
  } finally {
    progress.end();
  }
  return found as Found;
}

/** Writes K of the examples and steps that the flags name. */
export async function runKernel(invocation: Invocation): Promise<ExitCode> {
  const { at, of, with: others, out, threads, ...given } = flags.parseFlags(KERNEL_SHAPE, invocation.flags);
  if (!out.endsWith(".npy")) throw new UsageError(`--out must end in .npy, got "${out}"`);
  requireWritable(out);
  const { output } = invocation;
  const { form, normalize = false, algorithm } = given;
  await withRun(invocation, { threads }, async (run, task) => {
    const xs = of === undefined ? firstExamples(task) : examplesNamed(task, of);
    const xs2 = others === undefined ? undefined : examplesNamed(task, others);
    const steps = stepsOf(at, run);
    const started = performance.now();
    const options = { form, normalize, algorithm };
    const { kernels, ...choice } = await kernelsAt(invocation, { run, task, steps, xs, xs2, options });
    const seconds = (performance.now() - started) / 1000;
    writeFileAtomic(out, encodeNpy(kernels));
    const { shape, dtype } = kernels;
    output.note(
      `${dtype} (${shape.join(", ")}) before step ${steps.join(", ")}, by ${choice.algorithm} (${choice.reason}), ${formatSeconds(seconds)}`,
    );
    output.print(out);
    const { algorithm: used, reason, flops } = choice;
    const told = { run: run.path, path: out, steps, form, normalize, dtype, shape, algorithm: used, reason };
    output.value("kernel", { ...told, flops, seconds });
  });
  return 0;
}
