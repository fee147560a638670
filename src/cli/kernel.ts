// `pathkernel kernel`: its flags and its help.

import type { Command } from "commander";
import { algorithmNames, kernelDivisions } from "../kernels/types.ts";
import { addExamples, type CommandDefinition } from "./command.ts";
import { KERNEL_EXAMPLES } from "./kernel-flags.ts";
import { DATA_HELP } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option("--at <steps>", "before these steps, as in 0,100,last; steps between checkpoints are replayed", "last")
    .option("--of <spec>", `examples of the rows (default: the first ${KERNEL_EXAMPLES} of train)`)
    .option("--with <spec>", "examples of the columns, as in test:0-99 (default: those of the rows)")
    .option("--form <name>", "trace, diagonal or blocks: what is kept of K(x, x') of all outputs", "trace")
    .option("--per <what>", `${kernelDivisions.join(" or ")}: one kernel for each; they add up to the whole`)
    .option("--normalize", "divide by sqrt(K(x, x) K(x', x')), with --per each part by its own")
    .option("--algorithm <name>", `auto, ${algorithmNames.join(", ")}`, "auto")
    .option("--memory <size>", "for examples at work, as in 512MB; tiles are made to fit (default: 1GiB)")
    .option("--data <file>", DATA_HELP)
    .option("--threads <n>", "threads of the engine")
    .option(
      "-o, --out <file>",
      "the .npy file to write: (steps, rows, columns), with --per (steps, parts, rows, columns), outputs last",
    )
    .option("--resume", "go on with a file that was broken off; give the other flags as before")
    .option("--force", "start again in place of a file that was broken off");
  addExamples(command, [
    "kernel mnist.pkrun -o K.npy",
    "kernel mnist.pkrun --at 0,100,last --with test:0-99 --normalize -o K.npy",
    "kernel mnist.pkrun --of train:0-9 --form blocks --per layer -o K.npy",
    "kernel mnist.pkrun --of train:0-59999 --with test:0-9999 --memory 4GiB --resume -o K.npy",
  ]);
}

export const kernelCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./kernel-run.ts")).runKernel,
};
