// Ctrl-C: once stops after the present step and keeps what is done, twice ends the process at once.

import { InterruptedError } from "./failure.ts";
import type { TextStream } from "./io.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** One press of Ctrl-C can come twice: from the terminal to the whole group, and passed on by a launcher (ms). */
const SAME_PRESS = 300;

/** A signal that the first SIGINT or SIGTERM aborts; the second one ends the process as if nobody had listened. `now` gives the time in ms. */
export function interruptSignal(stderr: TextStream, now: () => number = Date.now): AbortSignal {
  const controller = new AbortController();
  let pressed = 0;
  const listener = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      pressed = now();
      stderr.write("\nstopping; what is done is kept (Ctrl-C again ends at once)\n");
      controller.abort(new InterruptedError());
      return;
    }
    if (now() - pressed < SAME_PRESS) return;
    for (const name of SIGNALS) process.removeListener(name, listener);
    process.kill(process.pid, signal);
  };
  for (const name of SIGNALS) process.on(name, listener);
  return controller.signal;
}

/** A reader that has seen enough (`| head`) is no error; any other fault of stdout is. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`error: cannot write to stdout: ${error.message}\n`);
    process.exit(1);
  });
  process.stderr.on("error", () => {});
}
