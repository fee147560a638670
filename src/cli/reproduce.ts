// `pathkernel reproduce`: its flags and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition } from "./command.ts";

function configure(command: Command): void {
  command
    .argument("[id]", "an experiment, as in domingos/fig-1 (see `pathkernel experiments`)")
    .option("--all", "every experiment, one folder each, and a summary")
    .option("--full", "the size of the committed results: minutes each (default: quick, seconds each)")
    .option("--seeds <n>", "seeds 1 to n (default: what the experiment says; intervals need two or more)")
    .option("-o, --out <dir>", "folder for report.html, result.json, table.csv and the figures (default: reproduced)")
    .option("--force", "replace a result that is in the folder given")
    .option("--data-dir <dir>", "folder with mnist/, fashion-mnist/ and so on (default: PATHKERNEL_DATA_DIR)");
  command.addHelpText(
    "after",
    "\nExit code 3 says that the claim does not hold (with --all: that one of them does not). That is a finding, not a fault:\n" +
      "everything is written. What cannot run for want of data is reported as not run, with exit code 0.",
  );
  addExamples(command, [
    "reproduce domingos/fig-1",
    "reproduce lhermitte/learning-rate --full --seeds 10 -o rates",
    "reproduce --all -o everything",
  ]);
}

export const reproduceCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./reproduce-run.ts")).runReproduce,
};
