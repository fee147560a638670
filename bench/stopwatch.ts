// Where time goes, by part: nested timers that count each moment once, for the innermost part that is running.

import { PerformanceObserver } from "node:perf_hooks";
import type { InferenceSession, InferenceSessionFactory } from "onnxruntime-common";
import type { LoadedOrt } from "../src/engine/ort.ts";

interface Part {
  ms: number;
  calls: number;
}

/**
 * Self times of nested parts. The library awaits one thing at a time, so that a stack is enough: what begins last ends first,
 * also across `await`.
 */
export class Stopwatch {
  private readonly parts = new Map<string, Part>();
  private readonly stack: string[] = [];
  private last = 0;

  /** Forgets everything measured so far. */
  reset(): void {
    this.parts.clear();
    this.last = performance.now();
  }

  /** Self time of every part since `reset`, the longest first. */
  report(): { readonly name: string; readonly ms: number; readonly calls: number }[] {
    this.charge();
    return [...this.parts].map(([name, part]) => ({ name, ...part })).sort((a, b) => b.ms - a.ms);
  }

  /** Runs `work`, synchronous or not, as a part of that name. */
  time<T>(name: string, work: () => T): T {
    this.charge();
    this.stack.push(name);
    this.part(name).calls++;
    const leave = (): void => {
      this.charge();
      this.stack.pop();
    };
    let result: T;
    try {
      result = work();
    } catch (error) {
      leave();
      throw error;
    }
    if (!(result instanceof Promise)) {
      leave();
      return result;
    }
    return result.finally(leave) as T;
  }

  /** Puts a timer around a method of an object or prototype, for good. */
  watch<K extends string>(owner: Readonly<Record<K, unknown>>, method: K, name: string): void {
    const watch = this;
    const inner = owner[method] as (...args: unknown[]) => unknown;
    const timed = function (this: unknown, ...args: unknown[]): unknown {
      return watch.time(name, () => inner.apply(this, args));
    };
    Object.defineProperty(owner, method, { value: timed, configurable: true, writable: true });
  }

  private part(name: string): Part {
    const part = this.parts.get(name) ?? { ms: 0, calls: 0 };
    this.parts.set(name, part);
    return part;
  }

  private charge(): void {
    const now = performance.now();
    if (this.stack.length > 0) this.part(this.stack[this.stack.length - 1]).ms += now - this.last;
    this.last = now;
  }
}

/** What a session is for, by the outputs that it has. */
function kindOf({ outputNames }: InferenceSession): string {
  const has = (name: string): boolean => outputNames.includes(name);
  if (outputNames.some((name) => name.startsWith("gradient."))) return "gradient";
  if (outputNames.some((name) => name.startsWith("jacobian."))) return "jacobian";
  if (has("moved.0.0")) return "rows' derivatives";
  if (has("example.0.0")) return "batch's derivatives";
  if (outputNames.some((name) => name.endsWith(".pulls"))) return `carried steps ${outputNames.length}`;
  if (has("switches")) return "slope and switches";
  if (has("slope")) return "slope";
  if (has("pulls")) return "pulls";
  if (has("value")) return "value";
  return has("y") ? "outputs" : outputNames[0];
}

/** ONNX Runtime with a timer around every compilation and run. */
export function watchedOrt({ ort, ...rest }: LoadedOrt, watch: Stopwatch): LoadedOrt {
  const create = (...args: unknown[]): Promise<InferenceSession> =>
    watch.time("engine: compile", async () => {
      const session = await (ort.InferenceSession.create as (...given: unknown[]) => Promise<InferenceSession>)(
        ...args,
      );
      watch.watch(session as never, "run" as never, `engine: ${kindOf(session)}`);
      return session;
    });
  const InferenceSession = { create } as unknown as InferenceSessionFactory;
  return { ...rest, ort: { InferenceSession, Tensor: ort.Tensor, env: ort.env } };
}

/** Milliseconds that the collector has stopped this process for, since this was called. */
export function watchCollector(): () => Promise<number> {
  let total = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) total += duration;
  });
  observer.observe({ entryTypes: ["gc"] });
  return async () => {
    // Entries are delivered in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 20));
    observer.disconnect();
    return total;
  };
}
