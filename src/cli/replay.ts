// `pathkernel replay`: its flags and its help.

import { type Command, Option } from "commander";
import { positionForms, readoutForms } from "../readouts/registry.ts";
import { addExamples, type CommandDefinition, collect } from "./command.ts";
import { addRuleFlags, COUNTERFACTUAL_QUERIES } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .optionsGroup("Prove the record (exit code 3 where a check does not hold):")
    .option("--from <step>", "the first step (default 0); the replay begins at the checkpoint before it")
    .option("--to <step>", "the step whose state is the last (default: after all steps)")
    .optionsGroup("Train again without examples:")
    .addOption(
      new Option("--without <indices>", "training examples to leave out, as in 17,23 or 100-120").conflicts([
        "from",
        "to",
      ]),
    )
    .option(
      "--query <spec>",
      `whose readouts are compared: test:7,12 or train:3 (default: the first ${COUNTERFACTUAL_QUERIES} of test)`,
      collect,
    )
    .option("--readout <spec>", `${readoutForms.join(", ")}; ${positionForms}`)
    .option(
      "--weights <which>",
      "mean or kept: whether the rest of a batch counts as a whole what it counted, or each what it did (default: mean where losses were averaged)",
    )
    .optionsGroup("How:");
  addRuleFlags(command, "1e-4");
  addExamples(command, [
    "replay mnist.pkrun",
    "replay mnist.pkrun --from 200 --to 300 --json",
    "replay mnist.pkrun --without 26482,54880 --query test:8",
  ]);
}

export const replayCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./replay-run.ts")).runReplay,
};
