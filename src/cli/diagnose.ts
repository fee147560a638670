// `pathkernel diagnose`: its flags and its help.

import type { Command } from "commander";
import { measureNames } from "../diagnose/diagnosis.ts";
import { DEFAULT_EXAMPLES } from "../diagnose/diagnosis-plan.ts";
import { addExamples, type CommandDefinition, collect } from "./command.ts";
import { FIGURE_HELP } from "./figure-file.ts";
import { DATA_HELP } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option("--at <steps>", "before these steps, as in 0,100,last (default: the first, three between, the last)")
    .option("--of <spec>", `examples, as in train:0-499 (default: the first ${DEFAULT_EXAMPLES} of train)`)
    .option("--query <spec>", "where the linearised network is compared (default: the first 200 of test)", collect)
    .option("--per <what>", "layer: alignment of each layer's part of the kernel too")
    .option("--measure <names>", `some of ${measureNames.join(", ")} (default: all)`)
    .option("--plan", "say what it will take, and stop")
    .option("--figure <file>", FIGURE_HELP)
    .option("--memory <size>", "for tiles of kernels at work, as in 512MB (default: 1GiB)")
    .option("--data <file>", DATA_HELP)
    .option("--threads <n>", "threads of the engine");
  addExamples(command, [
    "diagnose mnist.pkrun",
    "diagnose mnist.pkrun --at 0,10,100,last --of train:0-499 --per layer",
    "diagnose mnist.pkrun --measure alignment,movement --json",
    "diagnose mnist.pkrun --of test:0-999 --plan",
    "diagnose mnist.pkrun --per layer --figure mnist.svg",
  ]);
}

export const diagnoseCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./diagnose-run.ts")).runDiagnose,
};
