// `pathkernel explain`: its flags and its help.

import type { Command } from "commander";
import { positionForms, readoutForms } from "../readouts/registry.ts";
import { addExamples, type CommandDefinition, collect } from "./command.ts";
import { FIGURE_HELP } from "./figure-file.ts";
import { addRuleFlags } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .optionsGroup("What to explain:")
    .option("--query <spec>", "examples of the data: test:7,12 or train:3 or test:0-19", collect)
    .option("--input <file>", "your own: a .npy array of one example or of several")
    .option(
      "--readout <spec>",
      `${readoutForms.join(", ")}; ${positionForms} (default: margin for classifiers, else output:0)`,
    )
    .option("--target <k>", "label of --input, for the readout loss; of a sequence one for each position, as in 3,0,5")
    .optionsGroup("How:");
  addRuleFlags(command, "1e-4");
  command
    .option("--chord <k>", "average along chords of K steps: K times fewer gradients, contributions move a little")
    .option("--shift <x>", "with --chord: share of the cost that may go into measuring how far (default 0.25; 0: none)")
    .option("--superposition [folder]", "answer from the run's superposition (see the command of that name): one chord")
    .option("--plan", "print what it would cost and run nothing")
    .option(
      "--group <how>",
      "add contributions up by label, clusters:K (of the inputs) or FILE.txt (a group for each training example, a line each)",
    )
    .option("--figure <file>", `with --group: ${FIGURE_HELP}`)
    .option("--all", "every contribution, not only the strongest")
    .option("-o, --out <file>", "write what --json prints to a file, and keep what is done beside it on the way")
    .option("--resume", "with --out: go on with what was broken off")
    .option("--force", "with --out: start again");
  addExamples(command, [
    "explain mnist.pkrun --query test:7,12",
    "explain mnist.pkrun --query test:7 --all --json > seven.json",
    "explain mnist.pkrun --input mine.npy --readout probability:3",
    "explain mnist.pkrun --query test:7 --group clusters:20 --figure clusters.svg",
    "explain mnist.pkrun --query test:0-99 --chord 10",
    "explain mnist.pkrun --query test:0-999 --all -o thousand.json",
  ]);
}

export const explainCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./explain-run.ts")).runExplain,
};
