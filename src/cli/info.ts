// `pathkernel info`: its argument and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition } from "./command.ts";
import { DATA_HELP } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun or mnist.pkrun.zip")
    .option("--data <file>", DATA_HELP)
    .option("--deep", "read every checkpoint and verify its hash");
  addExamples(command, ["info mnist.pkrun", "info mnist.pkrun --deep --json"]);
}

export const infoCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./info-run.ts")).runInfo,
};
