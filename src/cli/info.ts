// `pathkernel info`: its argument and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition } from "./command.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun or mnist.pkrun.zip")
    .option("--data <file>", "where the data of the run are now, if no longer where they were")
    .option("--deep", "read every checkpoint and verify its hash");
  addExamples(command, ["info mnist.pkrun", "info mnist.pkrun --deep --json"]);
}

export const infoCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./info-run.ts")).runInfo,
};
