// `pathkernel coverage`: its flags and its help.

import type { Command } from "commander";
import { Option } from "commander";
import { addExamples, type CommandDefinition, collect } from "./command.ts";
import { COVERAGE_QUERIES, LISTED, SPAN_EXAMPLES } from "./coverage-flags.ts";
import { FIGURE_HELP } from "./figure-file.ts";
import { DATA_HELP } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option("--query <spec>", `as in test:0-999 (default: the first ${COVERAGE_QUERIES} of test)`, collect)
    .option(
      "--other <source>",
      "data that the queries are to be told from: a name (notmnist, printed-digits, fashion-mnist, ...), a file .npz, .csv or an array .npy; without it, queries are listed, the least covered first",
    )
    .option("--count <n>", "examples of --other, of its test part where it has one (default: as many as queries)")
    .option("--data-dir <dir>", "where the files of --other are (default: below PATHKERNEL_DATA_DIR, by its name)")
    .option("--at <step>", "parameters before this step; steps between checkpoints are replayed", "last")
    .option(
      "--of <spec>",
      `training examples whose tangent features make the span (default: the first ${SPAN_EXAMPLES} of train)`,
    )
    .option(
      "--form <name>",
      "trace, the gradients of all outputs together, or predicted, that of the largest output",
      "trace",
    )
    .option(
      "--ridge <x>",
      "weak directions count by lambda / (lambda + ridge), a part of the mean diagonal (default: 0.01)",
    )
    .addOption(
      new Option(
        "--tolerance <x>",
        "in its place: eigenvalues up to this part of the largest count as none, others fully",
      ).conflicts(["ridge"]),
    )
    .option("--top <n>", "lines of the list", String(LISTED))
    .option("--memory <size>", "for examples at work in a kernel, as in 512MB (default: 1GiB)")
    .option("--figure <file>", FIGURE_HELP)
    .option("--data <file>", DATA_HELP)
    .option("--threads <n>", "threads of the engine");
  addExamples(command, [
    "coverage mnist.pkrun",
    "coverage mnist.pkrun --query test:0-499 --other printed-digits --figure digits.svg",
    "coverage mnist.pkrun --other notmnist --data-dir ~/data/notmnist --json",
    "coverage mnist.pkrun --query train:0-99 --at 0 --form predicted",
  ]);
}

export const coverageCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./coverage-run.ts")).runCoverage,
};
