// Parses a command line, loads the one command that it names, runs it, and catches everything once.

import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import type { CommandDefinition } from "./command.ts";
import { failureOf, UsageError } from "./failure.ts";
import type { CliIo, ExitCode } from "./io.ts";
import { Output, outputOptionsOf } from "./output.ts";

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<CommandDefinition>;
}

/** Loaded only when named, so that `--help` and `--version` start at once. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  demo: {
    summary: "train, explain three test images and write report.html, on bundled digits or MNIST",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  train: { summary: "train a model and record the run", load: async () => (await import("./train.ts")).trainCommand },
  import: {
    summary: "make a run of a training that another program (PyTorch) recorded",
    load: async () => (await import("./import.ts")).importCommand,
  },
  explain: {
    summary: "write outputs as prior + one contribution per training example + residual",
    load: async () => (await import("./explain.ts")).explainCommand,
  },
  verify: {
    summary: "check residual and closure of a run; exit code 3 when either does not hold",
    load: async () => (await import("./verify.ts")).verifyCommand,
  },
  replay: {
    summary: "take recorded steps again and prove them bit for bit, or train again without some examples",
    load: async () => (await import("./replay.ts")).replayCommand,
  },
  kernel: {
    summary: "write tangent kernels of a run, at any steps, to a file",
    load: async () => (await import("./kernel.ts")).kernelCommand,
  },
  neighbors: {
    summary:
      "the training examples nearest to queries in the kernel and between inputs: labels, overlap, along training",
    load: async () => (await import("./neighbors.ts")).neighborsCommand,
  },
  diagnose: {
    summary: "what the tangent kernel of a run says along its training: spectrum, alignment, movement, separability",
    load: async () => (await import("./diagnose.ts")).diagnoseCommand,
  },
  coverage: {
    summary: "how much of queries' tangent features lies in the span of the training examples', and what lies outside",
    load: async () => (await import("./coverage.ts")).coverageCommand,
  },
  compare: {
    summary: "a run's network beside kernel machines: K_0, K_t, K_T, path kernel, RBF, nearest neighbours",
    load: async () => (await import("./compare.ts")).compareCommand,
  },
  superposition: {
    summary: "write what each training example did to the weights of a run, for explanations by inner products",
    load: async () => (await import("./superposition.ts")).superpositionCommand,
  },
  experiments: {
    summary: "list the claims of the sources that can be reproduced, with their last verdicts",
    load: async () => (await import("./experiments.ts")).experimentsCommand,
  },
  reproduce: {
    summary: "run an experiment of the sources: a report with figures, numbers and a verdict",
    load: async () => (await import("./reproduce.ts")).reproduceCommand,
  },
  info: { summary: "what a run holds", load: async () => (await import("./info.ts")).infoCommand },
  export: {
    summary: "write parameters of a run to a file",
    load: async () => (await import("./export.ts")).exportCommand,
  },
};

const EXIT_CODES =
  "Exit codes: 0 ok, 1 failed, 2 usage, 3 a check did not hold, 130 interrupted (what is done is kept).";

const START = `
Start here:
  pathkernel demo
  pathkernel train --data digits --model mlp:32:tanh --loss cross-entropy --optimizer adam --epochs 5 -o digits.pkrun
  pathkernel explain digits.pkrun --query test:7
`;

function createProgram({ stdout, stderr }: CliIo, { json }: Output): Command {
  const program = new Command("pathkernel")
    .description("Which training examples made the model say this: prior + one contribution per example, exactly.")
    .usage("COMMAND [flags]")
    .version(VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .option("--json", "one versioned JSON value on stdout, errors as JSON on stderr")
    .option("-q, --quiet", "no talk and no progress on stderr")
    .option("--verbose", "add the stack to errors")
    .option("--no-color", "no colours (NO_COLOR does the same)");
  program.configureHelp({ showGlobalOptions: true }).addHelpText("after", `${START}\n${EXIT_CODES}`);
  // Errors come as CommanderError to the one catch; only help is written here.
  program.exitOverride().configureOutput({
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => json || stderr.write(text),
    outputError: () => {},
  });
  return program;
}

/** A program with every command's name, and the flags of those that the command line names. */
async function buildProgram(argv: readonly string[], io: CliIo, output: Output) {
  const program = createProgram(io, output);
  const outcome: { code: ExitCode } = { code: 0 };
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).summary(summary).description(summary).copyInheritedSettings(program);
    if (!argv.includes(name)) continue;
    const definition = await load();
    definition.configure(command);
    command.addHelpText("after", `\n${EXIT_CODES}`);
    command.action(async () => {
      const run = await definition.load();
      outcome.code = await run({ args: command.args, flags: command.opts(), output, signal: io.signal });
    });
  }
  return { program, outcome };
}

/**
 * Runs one command line and gives its exit code; writes to `io` only. Never throws, never prints a stack unless --verbose asks.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const output = new Output(io, outputOptionsOf(argv));
  try {
    const { program, outcome } = await buildProgram(argv, io, output);
    await program.parseAsync([...argv], { from: "user" });
    return outcome.code;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    // Without a command, commander has already written its help.
    const noCommand = thrown instanceof CommanderError && thrown.code === "commander.help";
    const failure = noCommand
      ? failureOf(new UsageError(`a command must be given: ${Object.keys(COMMANDS).join(", ")}`))
      : failureOf(thrown);
    if (!noCommand || output.json) output.fail(failure, thrown);
    return failure.exitCode;
  }
}
