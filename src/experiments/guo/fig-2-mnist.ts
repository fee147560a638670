// Guo, He and Morel, Fig. 2, MNIST: the kernel of a convolutional network in the order of the classes, before and after training.

import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import {
  type BlockMeasure,
  type BlockName,
  type BlockSize,
  blockExpectations,
  concludeBlocks,
  measureBlocks,
} from "./class-blocks.ts";

export const mnistBlocks = defineExperiment<BlockSize, BlockMeasure, BlockName>({
  id: "guo/fig-2-mnist",
  title: "Class blocks in the kernel of a network on MNIST",
  source: "Guo, He and Morel, Fig. 2, MNIST",
  rows: ["004-32"],
  claim:
    "At initialisation the normalised kernel of MNIST images mixes classes; after training it is block-diagonal, with similarities within a class that sharpen toward high values and similarities between classes that are suppressed toward zero.",
  refutedBy: "A kernel after training in which pairs of one class stand out no more than they did before.",
  expectations: blockExpectations,
  differences: [
    "The source does not say how many images it trains on: here as many as two slow cores allow.",
    "Learning rate, momentum and batch size are missing from the source's text and ours; pixels are standardised by the mean and deviation of all.",
    "The source does not say of which scalar of ten outputs its gradients are. All outputs count alike here (the trace of the kernel's blocks); the kernel of each image's largest output is beside it.",
    "Means within and between classes are ours; the source shows the pictures.",
    "Learning rate and the standardised pixels were chosen by the accuracy on training images, before any kernel was computed.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { perClass: 20, shown: 4, hidden: [128], rate: 0.02, epochs: 12 },
    full: { perClass: 200, shown: 10, hidden: [128], rate: 0.02, epochs: 20 },
  },
  parameters: ({ perClass, shown, rate, epochs }) => [
    {
      name: "network",
      value: "convolutions of 16, 32, 64 channels with ReLU and max-pooling (3x3 maps), 128, 10",
      from: "source",
    },
    { name: "dropout, loss", value: "0.3 before the last layer, cross-entropy", from: "source" },
    { name: "optimizer", value: "SGD with momentum", from: "source" },
    { name: "rate, momentum, batches", value: `${rate}, 0.9, 32`, from: "default" },
    { name: "training", value: `${perClass} images a class, ${epochs} epochs`, from: "default" },
    { name: "kernel", value: `${shown} images a class`, from: shown === 10 ? "source" : "default" },
  ],
  measure: async (size, context) => measureBlocks(await context.data("mnist", { limit: 10_000 }), size, context),
  conclude: (measures, size, seeds) =>
    concludeBlocks(measures, size, {
      seeds,
      words: {
        title: "Normalised kernel of MNIST images, by class",
        classes: Array.from({ length: 10 }, (_, k) => `${k}`),
        reads: {
          maps: "On the left everything resembles everything; on the right bright squares on the diagonal are images of one digit. They stand out because all other pairs have darkened: pairs of one digit have become less alike, too. In the lower left picture a dark line is an image for which another output is largest.",
          means:
            "Before training the two means lie together, after it far apart, on images that were held out as on those that were learned. Both have moved to the left: training takes similarity away between classes, and adds none within them.",
        },
      },
    }),
});
