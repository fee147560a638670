// `pathkernel export`: its flags and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition } from "./command.ts";
import { DATA_HELP } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option("--what <name>", "parameters, or run: all of it in one archive, which every command reads")
    .option("--at <step>", "parameters before this step; steps between checkpoints are replayed", "last")
    .option("--data <file>", DATA_HELP)
    .option("--threads <n>", "threads of the engine, for a replay")
    .option("-o, --out <file>", "the .safetensors file to write, or the .zip archive");
  addExamples(command, [
    "export mnist.pkrun --what parameters -o mnist.safetensors",
    "export mnist.pkrun --what parameters --at 100 -o mnist-100.safetensors",
    "export mnist.pkrun --what run -o mnist.pkrun.zip",
  ]);
}

export const exportCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./export-run.ts")).runExport,
};
