// `pathkernel train`: its flags and its help.

import { type Command, Option } from "commander";
import { lossForms } from "../losses/registry.ts";
import { optimizerNames } from "../optimizers/registry.ts";
import { scheduleForms } from "../schedules/registry.ts";
import { addExamples, type CommandDefinition, collect } from "./command.ts";

function configure(command: Command): void {
  command
    .optionsGroup("Data and model:")
    // Written out, since the registries load every reader and every graph; a test holds them equal.
    .option(
      "--data <source>",
      "mnist, fashion-mnist, digits, printed-digits, printed-letters, notmnist, cifar10, verses or a file .npz, .csv, .tsv, .txt",
    )
    .option("--limit <n>", "keep the first N training examples")
    .option(
      "--data-dir <dir>",
      "where the files of a named source are (default: below PATHKERNEL_DATA_DIR, by its name)",
    )
    .option("--target-column <name>", "for a CSV file")
    .option("--context <n>", "for a .txt file: characters an example, each with the next as its target (default: 64)")
    .option(
      "--model <spec>",
      "mlp:WIDTHS:ACTIVATION[:parametrisation=NAME,base=N,alpha=A][:dropout=RATIO], cnn:CHANNELS, resnet:CHANNELS, transformer, attention or gpt:WIDTH:DEPTH:HEADS, or a file .onnx",
    )
    .option("--parameters <regex>", "for a .onnx file: which initializers are parameters")
    .option(
      "--trainable <globs>",
      "train only these parameters, as in 'layers.1.*'; the rest stay as they are",
      collect,
    )
    .option("--loss <name>", `${lossForms.join(", ")}, or a file .onnx: (outputs, targets) to a number an example`)
    .option(
      "--regulariser <spec>",
      "added to the loss, and explained as a term of its own; may be given several times: l2:LAMBDA, l1:LAMBDA, elastic:L1,L2, distance:LAMBDA",
      collect,
    )
    .option("--dtype <name>", "float32 or float64 (default: float32)")
    .optionsGroup("Optimizer (PyTorch's semantics and defaults):")
    .option("--optimizer <name>", optimizerNames.join(", "))
    .option("--lr <x>", "learning rate")
    .option("--momentum <x>", "0.9 for momentum and nesterov, else 0")
    .option("--dampening <x>", "of the momentum")
    .option("--nesterov", "Nesterov's form of momentum")
    .option("--betas <x,y>", "adam, adamw")
    .option("--eps <x>", "adam, adamw, rmsprop")
    .option("--alpha <x>", "rmsprop: decay of the average of squares")
    .option("--centered", "rmsprop")
    .option("--amsgrad", "adam, adamw")
    .option("--weight-decay <x>", "coupled; decoupled for adamw")
    .option("--clip-norm <x>", "shorten the gradient of a step, without weight decay, to this norm")
    .addOption(new Option("--clip-value <x>", "bring every coordinate of it into -x to x").conflicts(["clipNorm"]))
    .option("--schedule <spec>", `step sizes, counted in steps: ${scheduleForms.join(", ")}`)
    .optionsGroup("Steps and record:")
    .option("--batch <n>", "examples a step; 64 unless the optimizer is gd, which takes all")
    .addOption(new Option("--epochs <n>", "passes over the data").conflicts(["steps", "batches"]))
    .addOption(new Option("--steps <n>", "steps").conflicts(["epochs", "batches"]))
    .addOption(new Option("--batches <file>", ".npy of training indices, [steps, batch]").conflicts(["batch"]))
    .option("--accumulate <k>", "so many batches make one step, of the mean of their losses")
    .option(
      "--example-weights <file>",
      ".npy or FILE.csv:COLUMN: a number >= 0 for each training example, which its loss is multiplied by",
    )
    .option("--stop-gradient-norm <x>", "stop where the gradient of a step's batch has this norm or less")
    .option("--seed <n>", "of the initial parameters and of the batches (default: 0)")
    .option("--threads <n>", "threads of the engine")
    .option(
      "--checkpoint-budget <size>",
      "room for checkpoints, as in 256MB (default 256MiB); 0 keeps the first and the last; steps between are replayed",
    )
    .option(
      "--superposition [memory]",
      "book what each example does to the weights while training, in the run's folder; refused above that memory (default: 1GiB)",
    )
    .option("-o, --out <run>", "the run to record, as in mnist.pkrun")
    .option("--force", "replace a run of that name; with --resume: go on though results will differ in their last bits")
    .option("--resume <run>", "go on with a run that was interrupted or killed, as it was begun, with no other flags");
  addExamples(command, [
    "train --data digits --model mlp:32:tanh --loss cross-entropy --optimizer adam --epochs 5 -o digits.pkrun",
    "train --data mnist --limit 5000 --model cnn:8,16 --loss cross-entropy --optimizer momentum --lr 0.05 --epochs 2 -o cnn.pkrun",
    "train --data mine.txt --context 32 --model gpt:32:2:4 --loss cross-entropy --optimizer adam --steps 500 -o text.pkrun",
    "train --data table.csv --model mlp:16:tanh --loss mse --optimizer gd --lr 0.1 --steps 200 --dtype float64 -o table.pkrun",
    "train --resume digits.pkrun",
  ]);
}

export const trainCommand: CommandDefinition = {
  configure,
  load: async () => (await import("./train-run.ts")).runTrain,
};
