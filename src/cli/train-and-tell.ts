// Trains as a request says, with the setup and the progress on stderr.

import { DivergedError, FileError } from "../errors.ts";
import { pathExists } from "../numeric/files.node.ts";
import type { Progress } from "../train/train.ts";
import { runTraining, type TrainingRequest, type TrainingResult } from "../train/training.node.ts";
import type { Invocation } from "./command.ts";
import { startProgress } from "./progress.ts";
import { type PlainRequest, requestText } from "./train-request.ts";

/** Trains, and tells the setup once the first step is done, so that a request that cannot be met is answered by its error alone. */
export async function trainAndTell(
  { output, signal }: Pick<Invocation, "output" | "signal">,
  request: PlainRequest & Pick<TrainingRequest, "observer">,
): Promise<TrainingResult> {
  const progress = startProgress(output);
  let told = false;
  const tellSetup = (): void => {
    if (!told) output.note(requestText(request));
    told = true;
  };
  const warn = (message: string) => output.warn(message);
  try {
    const onProgress = (p: Progress): void => {
      tellSetup();
      progress.report(p);
    };
    const trained = await runTraining({ ...request, signal, warn, onProgress });
    tellSetup();
    return trained;
  } catch (error) {
    // The record stays where its device ran full or went away.
    if (told && error instanceof FileError && pathExists(request.out)) {
      const hint = `what was flushed is kept: train --resume ${request.out} goes on`;
      throw new FileError(error.message, error.path, { hint, cause: error });
    }
    if (!(error instanceof DivergedError)) throw error;
    const hint = error.hint?.replace(/are recorded$/, `are kept in ${request.out}`);
    throw new DivergedError(error.message, error.step, { ...(hint && { hint }), cause: error });
  } finally {
    progress.end();
  }
}
