// `pathkernel neighbors`: its flags and its help.

import type { Command } from "commander";
import { neighbourMetrics } from "../diagnose/neighbours.ts";
import { addExamples, type CommandDefinition, collect } from "./command.ts";
import { DATA_HELP } from "./rule-flags.ts";

function configure(command: Command): void {
  command
    .argument("<run>", "a recorded run, as in mnist.pkrun")
    .optionsGroup("Whose neighbours:")
    .option("--query <spec>", "examples of the data: test:7,12 or train:3 or test:0-19; 17 is test:17", collect)
    .option("--input <file>", "your own: a .npy array of one example or of several")
    .option("--other <source>", "data of which --query is, as in printed-digits (default: the run's own data)")
    .option("--data-dir <dir>", "where the files of --other are (default: below PATHKERNEL_DATA_DIR, by its name)")
    .optionsGroup("How:")
    .option("-k <n>", "neighbours of each query (default: 100, or as many as there are)")
    .option("--metric <names>", `of ${neighbourMetrics.join(", ")}`, "kernel,cosine,euclidean")
    .option("--kernel <name>", "tangent: of one step; path: summed along the training, at 20 steps", "tangent")
    .option("--at <steps>", "the tangent kernel before these steps, as in 0,100,last (default: last)")
    .option(
      "--figure <file>",
      "strips of the nearest, or purity over several steps, as FILE.svg or FILE.png; their numbers beside it, as in FILE.svg.csv",
    )
    .option("--memory <size>", "for examples at work in the kernel, as in 512MB (default: 1GiB)")
    .option("--data <file>", DATA_HELP)
    .option("--threads <n>", "threads of the engine");
  addExamples(command, [
    "neighbors mnist.pkrun --query test:8",
    "neighbors mnist.pkrun --query test:8 --figure eight.svg",
    "neighbors mnist.pkrun --query test:0-99 --at 0,100,last --figure purity.png",
    "neighbors mnist.pkrun --other printed-digits --query test:0-9 -k 20",
    "neighbors mnist.pkrun --query train:17 --metric raw,euclidean --json",
  ]);
}

export const neighborsCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./neighbors-run.ts")).runNeighbors,
};
