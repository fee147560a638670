// Trains as a request says, with the setup and the progress on stderr.

import { DivergedError } from "../errors.ts";
import { runTraining, type TrainingResult } from "../train/training.node.ts";
import type { Invocation } from "./command.ts";
import { startProgress } from "./progress.ts";
import { type PlainRequest, requestText } from "./train-request.ts";

/** Tells what will be trained, trains it; the task stays open for whoever goes on with it. */
export async function trainAndTell(
  { output, signal }: Pick<Invocation, "output" | "signal">,
  request: PlainRequest,
): Promise<TrainingResult> {
  output.note(requestText(request));
  const progress = startProgress(output);
  try {
    const warn = (message: string) => output.warn(message);
    return await runTraining({ ...request, signal, warn, onProgress: (p) => progress.report(p) });
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    const hint = `use a smaller learning rate; the steps before it are kept in ${request.out}`;
    throw new DivergedError(error.message, error.step, { hint, cause: error });
  } finally {
    progress.end();
  }
}

