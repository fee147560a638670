// Every tagged error of the library, in one place: the world's faults, as opposed to the caller's (TypeError, RangeError).

/** Longer messages hold what a damaged file says rather than what a person reads. */
const LONGEST = 2000;

/** Names and values in files hold anything; a message is one line. */
function oneLine(message: string): string {
  const line = message.replace(/\p{Cc}+/gu, " ");
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST)}...`;
}

/** Base of all errors that name a fault of data, files or models; `tag` narrows, `message` says what must hold and what was got. */
export abstract class PathkernelError extends Error {
  abstract readonly tag: string;
  /** One line on how to recover, where there is a way. */
  readonly hint: string | undefined;
  constructor(message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(oneLine(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.name = new.target.name;
  }
}

/** An operator, attribute or model feature that is not supported; recover as `hint` says. */
export class UnsupportedError extends PathkernelError {
  readonly tag = "Unsupported";
}

/** A model file that cannot be read or is not a valid graph. */
export class InvalidModelError extends PathkernelError {
  readonly tag = "InvalidModel";
}

/** Data that cannot be used: a malformed file, NaN, labels out of range, wrong shapes. */
export class InvalidDataError extends PathkernelError {
  readonly tag = "InvalidData";
}

/** A file or folder that does not exist or cannot be read or written. */
export class FileError extends PathkernelError {
  readonly tag = "File";
  readonly path: string;
  constructor(message: string, path: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options);
    this.path = path;
  }
}

/** A run directory that is not there. */
export class RunNotFoundError extends PathkernelError {
  readonly tag = "RunNotFound";
}

/** A run directory that lacks a part or holds a broken one (NaN in a checkpoint names step and tensor). */
export class InvalidRunError extends PathkernelError {
  readonly tag = "InvalidRun";
}

/** Two shapes that must agree and do not. */
export class ShapeMismatchError extends PathkernelError {
  readonly tag = "ShapeMismatch";
}

/** Training that left the finite numbers; the record up to `step` is kept. */
export class DivergedError extends PathkernelError {
  readonly tag = "Diverged";
  readonly step: number;
  constructor(message: string, step: number, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options);
    this.step = step;
  }
}

/** Numbers for which a computation has no answer: a matrix that is not positive definite, an iteration that does not end. */
export class NumericalError extends PathkernelError {
  readonly tag = "Numerical";
}

/** The engine that executes graphs is missing or failed. */
export class EngineError extends PathkernelError {
  readonly tag = "Engine";
}

/** Whether `error` is one of ours, and, if tags are given, one of those. */
export function isPathkernelError(error: unknown, ...tags: string[]): error is PathkernelError {
  return error instanceof PathkernelError && (tags.length === 0 || tags.includes(error.tag));
}
