// Where words go: data to stdout, talk to stderr; for people, or one JSON value for programs.

import picocolors from "picocolors";
import { type Failure, failureJson, failureText } from "./failure.ts";
import type { CliIo, TextStream } from "./io.ts";
import { jsonPieces } from "./json.ts";

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Flags that every command takes. */
export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

/** Read before anything is parsed, so that a command line that cannot be parsed is answered in the form that was asked for. */
export function outputOptionsOf(argv: readonly string[]): OutputOptions {
  const end = argv.indexOf("--");
  const flags = new Set(end < 0 ? argv : argv.slice(0, end));
  return {
    json: flags.has("--json"),
    quiet: flags.has("--quiet") || flags.has("-q"),
    verbose: flags.has("--verbose"),
    color: !flags.has("--no-color"),
  };
}

/** no-color.org: NO_COLOR set and not empty wins; FORCE_COLOR asks for colour in a pipe; otherwise only a terminal has it. */
function hasColors(stream: TextStream, { env }: CliIo, color: boolean): boolean {
  if (!color || env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== "0") return true;
  return stream.isTTY === true && env.TERM !== "dumb";
}

const DEFAULT_WIDTH = 80;

export class Output {
  readonly options: OutputOptions;
  readonly io: CliIo;
  /** Colours of stdout. */
  readonly colors: Colors;
  /** Whether stderr may carry anything but errors: not with --quiet; with --json only where a person is watching. */
  readonly talks: boolean;
  private readonly warnings: string[] = [];

  constructor(io: CliIo, options: OutputOptions) {
    this.io = io;
    this.options = options;
    this.colors = picocolors.createColors(hasColors(io.stdout, io, options.color));
    this.talks = !options.quiet && (!options.json || io.stderr.isTTY === true);
  }

  /** Columns of the terminal, 80 where there is none or it does not say. */
  get width(): number {
    return (this.io.stdout.isTTY && this.io.stdout.columns) || DEFAULT_WIDTH;
  }

  get json(): boolean {
    return this.options.json;
  }

  /** Data for people: lines on stdout, nothing under --json. */
  print(text: string): void {
    if (!this.json) this.io.stdout.write(`${text}\n`);
  }

  /** Talk on stderr. */
  note(text: string): void {
    if (this.talks) this.io.stderr.write(`${text}\n`);
  }

  /** A line that must not be missed: on stderr, under --json in the value's `warnings`. */
  warn(text: string): void {
    if (this.json) this.warnings.push(text);
    else this.io.stderr.write(`warning: ${text}\n`);
  }

  /** The one value of --json: `{"schema":"pathkernel.NAME/1", ...}`; nothing without --json. */
  value(name: string, value: Readonly<Record<string, unknown>>): void {
    if (!this.json) return;
    for (const piece of this.pieces(name, value)) this.io.stdout.write(piece);
  }

  /** The same value for a file, in pieces. */
  pieces(name: string, value: Readonly<Record<string, unknown>>): Generator<string> {
    const warnings = this.warnings.length > 0 ? { warnings: this.warnings } : {};
    return jsonPieces(`pathkernel.${name}/1`, { ...value, ...warnings });
  }

  /** An error, in the form that was asked for. */
  fail(failure: Failure, thrown: unknown): void {
    const stack = this.options.verbose && thrown instanceof Error ? `${thrown.stack}\n` : "";
    const { bold, red } = picocolors.createColors(hasColors(this.io.stderr, this.io, this.options.color));
    const text = this.json ? failureJson(failure) : failureText(failure).replace(/^error:/, bold(red("error:")));
    this.io.stderr.write(`${text}\n${this.json ? "" : stack}`);
  }
}
