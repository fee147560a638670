// Long explanations that are written to a file: what is done is kept beside it, so that they can be broken off.

import { fingerprintOfExplanation, PartialExplanation } from "../explain/partial-explanation.node.ts";
import type { Explanation } from "../explain/types.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { Invocation } from "./command.ts";
import { InterruptedError } from "./failure.ts";
import { explainWithProgress } from "./run-session.ts";

/** Where the value goes, and what becomes of what an earlier call left. */
interface KeptFlags {
  readonly out: string | undefined;
  readonly resume: boolean | undefined;
  readonly force: boolean | undefined;
}

/** Explains and keeps what is done beside the file that it will be written to, where there is one; removed by `done`. */
export async function explainKept(
  invocation: Invocation,
  session: { readonly run: Run; readonly task: Task },
  { out, resume, force, ...request }: Parameters<typeof explainWithProgress>[2] & KeptFlags,
): Promise<{ readonly explanation: Explanation; readonly done: () => void }> {
  if (out === undefined)
    return { explanation: await explainWithProgress(invocation, session, request), done: () => {} };
  const fingerprint = await fingerprintOfExplanation(session.task, session.run, request);
  const keeper = new PartialExplanation(out, { fingerprint, resume: resume ?? false, restart: force ?? false });
  if (keeper.isResumed) invocation.output.note(`goes on with what is kept in ${keeper.folder}`);
  try {
    return {
      explanation: await explainWithProgress(invocation, session, { ...request, keeper }),
      done: () => keeper.remove(),
    };
  } catch (error) {
    const kept = `what is done is kept in ${keeper.folder}: the same command with --resume goes on`;
    if (!keeper.hasKept) keeper.remove();
    else if (error instanceof InterruptedError) throw new InterruptedError(kept);
    else invocation.output.note(kept);
    throw error;
  }
}
