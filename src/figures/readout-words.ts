// What a readout is called in a sentence: its quantity, its unit, and what either sign of a contribution means.

import { positionIn } from "../readouts/place.ts";

export interface ReadoutWords {
  /** "the margin of 8 over 3". */
  readonly quantity: string;
  /** "logit margin": the unit of every number of the explanation. */
  readonly unit: string;
  /** Where a positive contribution pulled: "toward 8", "upward". */
  readonly up: string;
  /** Where a negative contribution pulled: "toward 3", "away from 8", "downward". */
  readonly down: string;
}

export interface WordsContext {
  /** Names of the classes; an output without one is called by its number. */
  readonly classes: readonly string[];
  /** The run's loss: it says whether outputs are logits. */
  readonly loss: string;
  /** Outputs (of a position); a single one speaks for the second of two classes. Default: what ready-made models have. */
  readonly outputs?: number | undefined;
}

/** Losses that read the outputs as logits. */
const LOGIT_LOSSES: readonly string[] = ["cross-entropy", "binary-cross-entropy"];
/** Losses that are logarithms of probabilities. */
const NAT_LOSSES: readonly string[] = [...LOGIT_LOSSES, "nll", "joint-nll"];
/** Losses of which one output tells two classes apart. */
const BINARY_LOSSES: readonly string[] = ["binary-cross-entropy", "hinge", "perceptron"];

/** The words for a resolved readout: "margin:8-3", "logit:8", "output:0", "probability:8", "along" or "loss"; "logit:5/8" is at position 5. */
export function readoutWords(readout: string, { classes, loss, outputs }: WordsContext): ReadoutWords {
  const [name, written = ""] = readout.split(":");
  const position = positionIn(readout);
  const argument = written.slice(written.indexOf("/") + 1);
  const place = position === undefined ? "" : ` at position ${position}`;
  const nameOf = (k: string): string => classes[Number(k)] ?? k;
  const [lossName] = loss.split(":");
  const logits = LOGIT_LOSSES.includes(lossName);
  const single = classes.length === 2 && (outputs ?? (BINARY_LOSSES.includes(lossName) ? 1 : 2)) === 1;
  if (name === "loss") {
    return {
      quantity: "the loss",
      unit: NAT_LOSSES.includes(lossName) ? "nat" : "loss",
      up: "upward",
      down: "downward",
    };
  }
  if (name === "along") {
    return { quantity: "the outputs along the model's own", unit: "output", up: "upward", down: "downward" };
  }
  if (name === "margin") {
    const [a, b] = argument.split("-").map(nameOf);
    const unit = logits ? "logit margin" : "output margin";
    return { quantity: `the margin of ${a} over ${b}${place}`, unit, up: `toward ${a}`, down: `toward ${b}` };
  }
  const unit = name === "probability" ? "probability" : logits ? "logit" : "output";
  const known = classes[single ? 1 : Number(argument)];
  if (known === undefined) {
    return { quantity: `output ${argument}${place}`, unit, up: "upward", down: "downward" };
  }
  return { quantity: `the ${unit} of ${known}${place}`, unit, up: `toward ${known}`, down: `away from ${known}` };
}
