// What the command line stands on: streams, environment, the signal that Ctrl-C gives; tests pass their own.

/** The part of a process's stream that is used. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface CliIo {
  /** Data. */
  readonly stdout: TextStream;
  /** Talk: setup, progress, warnings, errors. */
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Milliseconds, by which progress is told where there is no terminal. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

/** 0 ok, 1 failed, 2 usage, 3 a check did not hold, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;
