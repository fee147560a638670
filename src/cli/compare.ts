// `pathkernel compare`: its flags and its help.

import type { Command } from "commander";
import { comparedMachines } from "../machines/compare.ts";
import { comparedSolvers } from "../machines/compared-solvers.ts";
import { addExamples, type CommandDefinition } from "./command.ts";
import { FIGURE_HELP } from "./figure-file.ts";
import { DATA_HELP } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .option("--machines <names>", `some of ${comparedMachines.join(",")}`, comparedMachines.join(","))
    .option("--solvers <names>", "over kernels: ridge, svm or both", comparedSolvers.join(","))
    .option("--train <n>", "training examples of machines over kernels, drawn by --seed", "1000")
    .option("--test <n>", "test examples, drawn by --seed", "1000")
    .option("--at <steps>", "tangent kernels before these steps, as in 0,100,last (default: first, middle, last)")
    .option("--path-kernels <n>", "steps whose kernels make the path kernel", "12")
    .option("--ridge <r>", "in units of the kernel's spread, or leave-one-out or gcv", "leave-one-out")
    .option("--cost <c>", "C of support vectors, over kernels of spread 1", "10")
    .option("--gamma <g>", "of the Gaussian kernel (default: 1 over the median of squared distances)")
    .option("-k <n>", "of nearest neighbours", "1")
    .option("--seed <n>", "of the examples that are drawn", "0")
    .option("--memory <size>", "for examples at work in a kernel, as in 512MB (default: 1GiB)")
    .option("--figure <file>", FIGURE_HELP)
    .option("--data <file>", DATA_HELP)
    .option("--threads <n>", "threads of the engine");
  addExamples(command, [
    "compare mnist.pkrun",
    "compare mnist.pkrun --machines network,tangent,path --solvers svm --train 5000 --test 2000",
    "compare mnist.pkrun --at 0,100,last --ridge gcv --json",
    "compare mnist.pkrun --machines network,linearised,rbf,nearest --figure errors.svg",
  ]);
}

export const compareCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./compare-run.ts")).runCompare,
};
