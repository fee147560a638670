// Why operators of a file cannot be read and what to do, and the one message that names them all.

import { UnsupportedError } from "../../errors.ts";

export interface Refusal {
  readonly op: string;
  /** Name of the node in the file. */
  readonly node: string;
  readonly why: string;
  readonly hint: string | undefined;
}

type Reason = Pick<Refusal, "why" | "hint">;

const CONTROL: Reason = {
  why: "control flow has no fixed graph",
  hint: "export the traced model (torch.jit.trace, no branches or loops on data)",
};
const RANDOM: Reason = {
  why: "random numbers must be an input of the model",
  hint: "export the model in evaluation mode, without random layers",
};
const QUANTISED: Reason = {
  why: "quantised numbers have no derivative",
  hint: "export the model in float32, without quantisation",
};
const SEQUENCE: Reason = {
  why: "optional values and sequences of computed length are not tensors",
  hint: "export the model with tensors only",
};
const TEXT: Reason = { why: "strings are not numbers", hint: "preprocess text before the model" };
const RECURRENT: Reason = {
  why: "recurrent layers are not unrolled",
  hint: "write the recurrence out over its fixed length",
};
const ASSIGNMENT: Reason = {
  why: "elements that are assigned in place have no fixed origin",
  hint: "build the tensor with torch.cat, torch.stack or torch.where instead of assigning to a part of it",
};
const SORTING: Reason = {
  why: "an order that depends on the data is not followed",
  hint: "take max, min or argmax, or sort before the model",
};
const SAMPLING: Reason = {
  why: "positions that the data choose are not sampled",
  hint: "resize by fixed factors (torch.nn.Upsample), or sample before the model",
};
const SELECTION: Reason = {
  why: "places that differ from example to example are not looked up",
  hint: "select with torch.gather along one axis, or multiply with a mask (torch.where)",
};
const LOSS: Reason = {
  why: "a loss is no part of the model",
  hint: "export the model without its loss, and name it with --loss",
};
const OTHER: Reason = { why: "not supported", hint: "rewrite the model without it, or open an issue naming it" };

const REASONS: readonly (readonly [RegExp, Reason])[] = [
  [/^(If|Loop|Scan)$/, CONTROL],
  [/^(RandomNormal|RandomUniform|Bernoulli|Multinomial)/, RANDOM],
  [/quantize|^QLinear|^QGemm|Integer$|^MatMulNBits$|MatMulFpQ4$/i, QUANTISED],
  [/Sequence|^Optional/, SEQUENCE],
  [/^(String|TfIdf|Regex|LabelEncoder|Tokenizer)/, TEXT],
  [/^(LSTM|GRU|RNN)$/, RECURRENT],
  [/^ScatterND$/, ASSIGNMENT],
  [/^(TopK|Unique)$/, SORTING],
  [/^(GridSample|RoiAlign|MaxRoiPool|NonMaxSuppression)$/, SAMPLING],
  [/^(GatherND|NonZero|Compress)$/, SELECTION],
  [/^(SoftmaxCrossEntropyLoss|NegativeLogLikelihoodLoss)$/, LOSS],
];

/** Why an operator that no converter and no shape rule knows is refused. */
export function reasonFor(op: string): Reason {
  const name = op.slice(op.indexOf(":") + 1);
  return REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? OTHER;
}

// More names than this are counted.
const NAMED_NODES = 3;

function nodesText(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_NODES).map((name) => `"${name}"`);
  const more = names.length > NAMED_NODES ? ` and ${names.length - NAMED_NODES} more` : "";
  return `${names.length === 1 ? "node" : "nodes"} ${shown.join(", ")}${more}`;
}

/** One error that names every operator that cannot be read, its nodes, and what to do. */
export function refusalError(refusals: readonly Refusal[]): UnsupportedError {
  const groups = new Map<string, Refusal[]>();
  for (const refusal of refusals) {
    const key = `${refusal.op} ${refusal.why}`;
    groups.set(key, [...(groups.get(key) ?? []), refusal]);
  }
  const texts = [...groups.values()].map((group) => {
    const names = nodesText(group.map(({ node }) => node));
    return `${group[0].op} (${names}): ${group[0].why}`;
  });
  const hints = [...new Set(refusals.flatMap(({ hint }) => hint ?? []))];
  const subject = texts.length === 1 ? "an operator cannot be read" : `${texts.length} operators cannot be read`;
  return new UnsupportedError(`${subject}: ${texts.join("; ")}`, { hint: hints.join("; ") || undefined });
}
