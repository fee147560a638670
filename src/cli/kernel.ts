// `pathkernel kernel`: its flags and its help.

import type { Command } from "commander";
import { algorithmNames } from "../kernels/types.ts";
import { addExamples, type CommandDefinition } from "./command.ts";
import { KERNEL_EXAMPLES } from "./kernel-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option("--at <steps>", "before these steps, as in 0,100,last; steps between checkpoints are replayed", "last")
    .option("--of <spec>", `examples of the rows (default: the first ${KERNEL_EXAMPLES} of train)`)
    .option("--with <spec>", "examples of the columns, as in test:0-99 (default: those of the rows)")
    .option("--form <name>", "trace, diagonal or blocks: what is kept of K(x, x') of all outputs", "trace")
    .option("--normalize", "divide by sqrt(K(x, x) K(x', x'))")
    .option("--algorithm <name>", `auto, ${algorithmNames.join(", ")}`, "auto")
    .option("--threads <n>", "threads of the engine")
    .option(
      "-o, --out <file>",
      "the .npy file to write: (steps, rows, columns), for diagonal and blocks with outputs after",
    );
  addExamples(command, [
    "kernel mnist.pkrun -o K.npy",
    "kernel mnist.pkrun --at 0,100,last --with test:0-99 --normalize -o K.npy",
    "kernel mnist.pkrun --of train:0-9 --form blocks -o K.npy",
  ]);
}

export const kernelCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./kernel-run.ts")).runKernel,
};
