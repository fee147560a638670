// `pathkernel demo`: its flags and its help.

import { Argument, type Command } from "commander";
import { addExamples, type CommandDefinition } from "./command.ts";

function configure(command: Command): void {
  command
    .addArgument(
      new Argument("[data]", "digits (bundled, seconds) or mnist (all of it, half a minute)").default("digits"),
    )
    .option("-o, --out <dir>", "folder for the run and the report (default: demo-digits or demo-mnist)")
    .option("--force", "replace a run that is in the folder given")
    .option("--threads <n>", "threads of the engine");
  addExamples(command, ["demo", "demo mnist", "demo digits -o somewhere"]);
}

export const demoCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./demo-run.ts")).runDemo,
};
