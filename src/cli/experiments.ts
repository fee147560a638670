// `pathkernel experiments`: its flags and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition } from "./command.ts";

function configure(command: Command): void {
  command.argument("[source]", "only those of a source, as in domingos");
  addExamples(command, ["experiments", "experiments lhermitte", "experiments --json"]);
}

export const experimentsCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./experiments-run.ts")).runExperiments,
};
