// What every command is: its flags, and what it does with them.

import type { Command } from "commander";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";

export interface Invocation {
  /** Positional arguments. */
  readonly args: readonly string[];
  /** Flags as written, by camelCase name; each command checks its own. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly output: Output;
  readonly signal: AbortSignal;
}

export interface CommandDefinition {
  /** Adds arguments, flags and examples: all that help needs. */
  configure(command: Command): void;
  /** What the command does, loaded when it is run. */
  load(): Promise<(invocation: Invocation) => Promise<ExitCode>>;
}

/** Examples under a command's help. */
export function addExamples(command: Command, lines: readonly string[]): void {
  command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  pathkernel ${line}`).join("\n")}`);
}

/** For flags that may be given more than once: values in the order given. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}
