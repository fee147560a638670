// `pathkernel superposition`: its flags and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition, collect } from "./command.ts";
import { DATA_HELP } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option(
      "--measure <spec>",
      "examples on which the shift of contributions is measured, or none (default: test:0)",
      collect,
    )
    .option("--readout <spec>", "what is measured of them (default: as for explain)")
    .option("--memory <size>", "for displacements that are being added up, as in 4GiB (default: 1GiB)")
    .option("--data <file>", DATA_HELP)
    .option("--threads <n>", "threads of the engine (default: as in training; others give other last bits)")
    .option("-o, --out <folder>", "where it is kept (default: the folder superposition of the run)")
    .option("--force", "replace one that is there");
  addExamples(command, [
    "superposition digits.pkrun",
    "explain digits.pkrun --query test:0-99 --superposition",
    "superposition mnist.pkrun --measure test:0-4 --memory 4GiB -o /big/mnist.superposition",
  ]);
}

export const superpositionCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./superposition-run.ts")).runSuperposition,
};
