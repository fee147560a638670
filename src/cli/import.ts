// `pathkernel import`: its flags and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition } from "./command.ts";

function configure(command: Command): void {
  command
    .argument("<dir>", "what a recorder wrote of another program's training (docs/import.md)")
    .option("-o, --out <run>", "the run to make, as in torch.pkrun")
    .option("--force", "replace a run of that name")
    .option("--data <source>", "where the data are, if not in the folder: a file .npz or a folder of .npy files")
    .option("--dtype <name>", "float32 or float64 (default: that of the recorded parameters)")
    .option("--threads <n>", "threads of the engine");
  addExamples(command, ["import recorded -o torch.pkrun", "import recorded --dtype float64 -o torch.pkrun --force"]);
}

export const importCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./import-run.ts")).runImport,
};
