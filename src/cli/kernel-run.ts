// `pathkernel kernel`: tangent kernels of a recorded run at some of its steps, as one .npy array.

import { datasetQueries } from "../explain/queries.ts";
import type { Query } from "../explain/types.ts";
import { NpyKernelFile } from "../kernels/npy-sink.node.ts";
import type { KernelPlan } from "../kernels/plan.ts";
import { streamTangentKernel, type TangentKernelOptions } from "../kernels/tangent-kernel.ts";
import { allocate, type RealArray, type Tensor, takeRows } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { stateAt } from "../train/trajectory.ts";
import type { Invocation } from "./command.ts";
import { InterruptedError, UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { formatSeconds, grouped } from "./format.ts";
import type { ExitCode } from "./io.ts";
import { KERNEL_EXAMPLES, KERNEL_SHAPE } from "./kernel-flags.ts";
import { requireWritable } from "./output-path.ts";
import { startProgress } from "./progress.ts";
import { withRun } from "./run-session.ts";
import { stepsOf } from "./step-flags.ts";

/** Queries, at least one, as one array (Q, ...inputShape). */
export function examplesOfQueries(queries: readonly Query[], inputShape: readonly number[]): Tensor {
  const size = queries[0].x.data.length;
  const data = allocate(queries[0].x.dtype, queries.length * size) as RealArray;
  queries.forEach(({ x }, k) => {
    data.set(x.data as RealArray, k * size);
  });
  return { dtype: queries[0].x.dtype, shape: [queries.length, ...inputShape], data };
}

/** The examples that a spec names, as one array. */
function examplesNamed(task: Task, spec: string): Tensor {
  return examplesOfQueries(datasetQueries(task, spec), task.dataset.inputShape);
}

function firstExamples({ dataset: { train } }: Task): Tensor {
  const count = Math.min(KERNEL_EXAMPLES, train.x.shape[0]);
  return takeRows(
    train.x,
    Array.from({ length: count }, (_, n) => n),
  );
}

interface Request {
  readonly run: Run;
  readonly task: Task;
  readonly steps: readonly number[];
  readonly xs: Tensor;
  readonly xs2: Tensor | undefined;
  readonly options: TangentKernelOptions;
  readonly file: NpyKernelFile;
}

/** One kernel a step, tile by tile into the file; gives the plan of each. Memory: a few tiles. */
async function writeKernels(
  { output, signal }: Invocation,
  { run, task, steps, xs, xs2, options, file }: Request,
): Promise<KernelPlan> {
  const progress = startProgress(output);
  let plan: KernelPlan | undefined;
  try {
    for (const [k, step] of steps.entries()) {
      signal.throwIfAborted();
      const { params } = await stateAt(task, run, step);
      // The time that is left is that of what was not there.
      const onProgress: TangentKernelOptions["onProgress"] = ({ stage }) =>
        progress.report({ stage, done: file.done - file.found, total: file.total - file.found });
      const own = { ...options, sink: file.sink(k), signal, onProgress };
      plan = await streamTangentKernel(task, params, xs, xs2, own);
    }
  } finally {
    progress.end();
    file.abandon();
  }
  return plan as KernelPlan;
}

/** What is kept of work that was broken off, and how to go on. */
function keptOf({ done, total, path }: NpyKernelFile): string | undefined {
  if (done === 0 || done === total) return undefined;
  return `${grouped(done)} of ${grouped(total)} tiles are kept in ${path}.partial: the same command with --resume goes on`;
}

/** Writes K of the examples and steps that the flags name. */
export async function runKernel(invocation: Invocation): Promise<ExitCode> {
  const checked = flags.parseFlags(KERNEL_SHAPE, invocation.flags);
  const { at, of, with: others, out, data, threads, form, per, normalize = false, algorithm, memory } = checked;
  const { resume = false, force: restart = false } = checked;
  if (!out.endsWith(".npy")) throw new UsageError(`--out must end in .npy, got "${out}"`);
  if (resume && restart)
    throw new UsageError("--resume goes on and --force starts again: one of them must be left out");
  requireWritable(out);
  const { output } = invocation;
  await withRun(invocation, { data, threads }, async (run, task) => {
    const xs = of === undefined ? firstExamples(task) : examplesNamed(task, of);
    const xs2 = others === undefined ? undefined : examplesNamed(task, others);
    const steps = stepsOf(at, run);
    const started = performance.now();
    const file = new NpyKernelFile(out, { kernels: steps.length, resume, restart });
    const options = { form, normalize, algorithm, ...(per && { per }), ...(memory && { memoryBudget: memory }) };
    const plan = await writeKernels(invocation, { run, task, steps, xs, xs2, options, file }).catch(
      (error: unknown) => {
        const kept = keptOf(file);
        if (error instanceof InterruptedError) throw new InterruptedError(kept);
        if (kept !== undefined) output.note(kept);
        throw error;
      },
    );
    const seconds = (performance.now() - started) / 1000;
    const { dtype, groups, algorithm: used, reason, flops } = plan;
    const shape = [steps.length, ...plan.shape];
    if (file.found > 0) output.note(`${grouped(file.found)} of ${grouped(file.total)} tiles were there`);
    output.note(
      `${dtype} (${shape.join(", ")}) before step ${steps.join(", ")}, by ${used} (${reason}), ${formatSeconds(seconds)}`,
    );
    if (groups) output.note(`parts: ${groups.join(", ")}`);
    output.print(out);
    const told = {
      run: run.path,
      path: out,
      steps,
      form,
      per,
      groups,
      normalize,
      dtype,
      shape,
      algorithm: used,
      reason,
      tiles: file.total,
    };
    output.value("kernel", { ...told, flops, seconds });
  });
  return 0;
}
