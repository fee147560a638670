// Runs the command line for tests: in this process with captured streams, or as a process of its own.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { runCli } from "../../src/cli/run-cli.ts";
import { ROOT } from "./sources.ts";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Both streams as terminals. */
  readonly isTTY?: boolean;
  /** Told what is written there while it runs. */
  readonly onStderr?: (text: string) => void;
  /** The clock of progress. Default: time stands still, so that nothing that is written depends on how fast the machine is. */
  readonly now?: () => number;
}

/** One command line in this process. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    write: (text: string) => {
      written[name] += text;
      if (name === "stderr") options.onStderr?.(text);
    },
    isTTY: options.isTTY,
    columns: 100,
  });
  const { env = {}, signal = new AbortController().signal, now = () => 0 } = options;
  const code = await runCli(args, { stdout: stream("stdout"), stderr: stream("stderr"), env, signal, now });
  return { code, ...written };
}

/** The program as a user starts it; `env` is added to this process's own. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  const main = join(ROOT, "src/cli/main.ts");
  const inherited = { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json") };
  return spawn(process.execPath, ["--import", import.meta.resolve("tsx"), main, ...args], {
    env: { ...inherited, ...env },
  });
}

/** What a started program writes until it ends; `onText` is told of each piece of stderr. */
export async function ended(
  child: ChildProcessWithoutNullStreams,
  onText?: (text: string) => void,
): Promise<CliResult> {
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (piece: Buffer) => {
    stdout += piece;
  });
  child.stderr.on("data", (piece: Buffer) => {
    stderr += piece;
    onText?.(stderr);
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pathkernel-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything below a folder, hidden files too. */
export function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}

/** Flags that train a small model on the digits in a fraction of a second. */
export const SMALL_TRAINING: readonly string[] = [
  "train",
  ...["--data", "digits", "--limit", "200", "--model", "mlp:8:tanh", "--loss", "cross-entropy"],
  ...["--optimizer", "sgd", "--lr", "0.2", "--batch", "32", "--epochs", "2", "--dtype", "float64"],
];

/** `args` with the value of one flag replaced, or the flag and its value added. */
export function withFlag(args: readonly string[], flag: string, ...values: readonly string[]): string[] {
  const at = args.indexOf(flag);
  if (at < 0) return [...args, flag, ...values];
  return [...args.slice(0, at), flag, ...values, ...args.slice(at + 2)];
}
