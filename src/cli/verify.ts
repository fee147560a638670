// `pathkernel verify`: its flags and its help.

import type { Command } from "commander";
import { addExamples, type CommandDefinition, collect } from "./command.ts";
import { addRuleFlags, VERIFY_QUERIES } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option("--query <spec>", `examples of the data (default: the first ${VERIFY_QUERIES} of test)`, collect)
    .option("--chord <k>", "check the sum along chords of K steps, as explain --chord takes them");
  addRuleFlags(command, "1e-6");
  addExamples(command, [
    "verify mnist.pkrun",
    "verify mnist.pkrun --query test:0-99 --tolerance 1e-4",
    "verify mnist.pkrun --chord 10",
    "verify mnist.pkrun --rule left --json",
  ]);
}

export const verifyCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./verify-run.ts")).runVerify,
};
