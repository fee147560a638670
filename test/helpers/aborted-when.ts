// A signal that is aborted between two pieces of work, wherever the test wants it: no clock decides how far the work has come.

import { InterruptedError } from "../../src/cli/failure.ts";

/** Aborted the first time that the work looks at it and `isTime()`, which is asked at every look; as by Ctrl-C. */
export function abortedWhen(isTime: () => boolean): AbortSignal {
  const controller = new AbortController();
  return new Proxy(controller.signal, {
    get: (signal, name) => {
      if (!signal.aborted && isTime()) controller.abort(new InterruptedError());
      const value: unknown = Reflect.get(signal, name, signal);
      return typeof value === "function" ? value.bind(signal) : value;
    },
  });
}

/** A condition that holds from the `count`-th time on that `isReached()` does. */
export function times(count: number, isReached: () => boolean): () => boolean {
  let seen = 0;
  return () => isReached() && ++seen >= count;
}
