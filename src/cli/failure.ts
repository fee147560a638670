// From anything thrown to what a user reads: code, message, hint and exit code.

import { CommanderError } from "commander";
import { DivergedError, isPathkernelError, type PathkernelError } from "../errors.ts";
import { fileErrorFrom } from "../numeric/files.node.ts";
import { nearestNames } from "../numeric/nearest-name.ts";
import type { ExitCode } from "./io.ts";

/** A command line that cannot be meant; the message names the flag and what must hold. */
export class UsageError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = "UsageError";
    this.hint = hint;
  }
}

/** Ctrl-C; the reason that the signal aborts with. `hint` says what is kept. */
export class InterruptedError extends Error {
  readonly hint: string | undefined;
  constructor(hint?: string) {
    super("interrupted");
    this.name = "InterruptedError";
    this.hint = hint;
  }
}

export interface Failure {
  /** Stable, for programs: PK_USAGE, PK_RUN_NOT_FOUND, ... */
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly exitCode: ExitCode;
}

const BUG_HINT = "this is a fault of pathkernel: please report it with what --verbose adds";

/** "did you mean X?" for an unknown name, where a known one is near. */
export function suggestion(name: string, known: readonly string[]): string | undefined {
  const [near] = nearestNames(name, known, 1);
  return near === undefined ? undefined : `did you mean ${near}?`;
}

/** Library messages end `must be one of A, B, C, got X`: the nearest of them. */
function suggestionFrom(message: string): string | undefined {
  const match = /must be (?:one of|among) (.+), got "?([^"]*)"?$/.exec(message);
  return match === null ? undefined : suggestion(match[2], match[1].split(", "));
}

function fromCommander({ message }: CommanderError): Failure {
  const [first, ...rest] = message.replace(/^error: /, "").split("\n");
  const near = /^\(Did you mean (.*)\?\)$/.exec(rest.join(" "));
  return { code: "PK_USAGE", message: first, hint: near ? `did you mean ${near[1]}?` : undefined, exitCode: 2 };
}

function fromPathkernel(error: PathkernelError): Failure {
  const code = `PK_${error.tag.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()}`;
  const details = error instanceof DivergedError ? { details: { step: error.step } } : {};
  return { code, message: error.message, hint: error.hint, ...details, exitCode: 1 };
}

/** The library's own words for a caller's mistake say what must hold; those of the language (`x is not a function`) do not. */
function isCallersMistake(error: unknown): error is RangeError | TypeError {
  const ours = /\bmust\b|^(query|readout) /;
  return (error instanceof RangeError || error instanceof TypeError) && !("code" in error) && ours.test(error.message);
}

/** The library's memoryBudget is the flag --memory of every command that has one. */
const inFlags = (message: string): string => message.replace(/^\w+: memoryBudget must /, "--memory must ");

/** What to say about a thrown value, and how to exit. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof UsageError)
    return { code: "PK_USAGE", message: thrown.message, hint: thrown.hint, exitCode: 2 };
  if (thrown instanceof CommanderError) return fromCommander(thrown);
  if (thrown instanceof InterruptedError)
    return { code: "PK_INTERRUPTED", message: thrown.message, hint: thrown.hint, exitCode: 130 };
  const error = isPathkernelError(thrown) ? thrown : fileErrorFrom("write", "the output", thrown);
  if (isPathkernelError(error)) return fromPathkernel(error);
  const message = error instanceof Error ? error.message : String(error);
  if (isCallersMistake(error))
    return { code: "PK_USAGE", message: inFlags(message), hint: suggestionFrom(message), exitCode: 2 };
  return { code: "PK_INTERNAL", message: `internal: ${message}`, hint: BUG_HINT, exitCode: 1 };
}

/** `error: message. hint`, at most three lines. */
export function failureText({ message, hint }: Failure): string {
  const lines = `error: ${message}${hint === undefined ? "" : `. ${hint}`}`.split("\n");
  return [...lines.slice(0, 2), ...(lines.length > 3 ? ["..."] : lines.slice(2))].join("\n");
}

/** `{"error":{"code":"PK_...","message":...,"hint":...}}` on one line. */
export function failureJson({ code, message, hint, details }: Failure): string {
  return JSON.stringify({ error: { code, message, hint: hint ?? null, ...(details && { details }) } });
}
