// `pathkernel info`: its argument and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition } from "./command.ts";

function configure(command: Command): void {
  command.argument("<run>", "a recorded run, as in mnist.pkrun");
  addExamples(command, ["info mnist.pkrun", "info mnist.pkrun --json"]);
}

export const infoCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./info-run.ts")).runInfo,
};
