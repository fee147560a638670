// Prompts for a small language model: beginnings of lines, the same characters in another order, and the lines that share them.

import type { Dataset } from "../../data/types.ts";
import { auroc } from "../../diagnose/roc.ts";
import type { Query } from "../../explain/types.ts";
import { IGNORED } from "../../graph/outputs.ts";
import type { Random } from "../../numeric/random.ts";
import { integers, type RealArray, reals, type Tensor } from "../../numeric/tensor.ts";
import { classesOf, predict } from "../../train/accuracy.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";

/** Characters as classes. */
export type Line = readonly number[];

/** Rows of a part of the data, (n, T) tokens. */
export function linesOf({ x }: Dataset["train"]): Line[] {
  const [count, length] = x.shape;
  return Array.from({ length: count }, (_, n) =>
    Array.from(x.data.subarray(n * length, (n + 1) * length) as RealArray),
  );
}

/** How many characters two lines have in common from their beginning. */
export function sharedPrefix(a: Line, b: Line): number {
  const differs = a.findIndex((token, k) => token !== b[k]);
  return differs < 0 ? a.length : differs;
}

/** Whether the end of the prompt, so many characters, stands in the line elsewhere than where the prompt has it. */
export function endStandsIn(line: Line, prompt: Line, count: number): boolean {
  const start = prompt.length - count;
  const end = prompt.slice(start);
  return line.some((_, at) => at !== start && end.every((token, k) => line[at + k] === token));
}

/** The different beginnings of that many characters, in the order of the lines. */
export function beginningsOf(lines: readonly Line[], length: number): Line[] {
  const own = lines.map((line) => line.slice(0, length));
  return [...new Map(own.map((beginning) => [beginning.join(), beginning])).values()];
}

/** The same characters in another order: the first permutation drawn that changes the prompt, where there is one. */
export function shuffled(prompt: Line, random: Random): Line {
  if (new Set(prompt).size < 2) return prompt;
  for (;;) {
    const other = Array.from(random.permutation(prompt.length), (k) => prompt[k]);
    if (other.join() !== prompt.join()) return other;
  }
}

/** Prompts as examples (n, T): behind them ends of lines, which a causal model does not see. */
export function inputOf(prompts: readonly Line[], length: number): Tensor<"float64"> {
  const rows = prompts.map((prompt) => [...prompt, ...Array<number>(length - prompt.length).fill(0)]);
  return reals([prompts.length, length], rows.flat());
}

/** The characters that the model holds to be the most probable next ones. */
export async function nextCharacters(task: Task, params: RealArray, prompts: readonly Line[]): Promise<number[]> {
  const [length] = task.dataset.inputShape;
  const named = classesOf(await predict(task, params, { x: inputOf(prompts, length) }), task);
  return prompts.map((prompt, n) => named[n * length + prompt.length - 1]);
}

/** Asks for -log p(next | prompt), as the loss of a line that counts at one place only. */
export function promptQueries(prompts: readonly Line[], next: readonly number[], length: number): Query[] {
  return prompts.map((prompt, k) => {
    const target = Array.from({ length }, (_, place) => (place === prompt.length - 1 ? next[k] : IGNORED));
    return { id: `prompt:${k}`, x: inputOf([prompt], length), target: integers([1, length], target) };
  });
}

/** Mean -log p of the characters that come next at places from `from` on, in nats: the rows of (n, T) that count. */
export async function lossFrom(task: Task, params: RealArray, split: Dataset["train"], from: number): Promise<number> {
  const logits = await predict(task, params, split);
  const labels = Array.from(split.y.data as BigInt64Array, Number);
  const [length] = task.dataset.inputShape;
  const classes = logits.length / labels.length;
  let [total, count] = [0, 0];
  labels.forEach((label, k) => {
    if (label === IGNORED || k % length < from) return;
    const own = logits.subarray(k * classes, (k + 1) * classes);
    const most = own.reduce((a, b) => Math.max(a, b));
    total += most + Math.log(own.reduce((sum, value) => sum + Math.exp(value - most), 0)) - own[label];
    count++;
  });
  return total / count;
}

/** How contributions to log p(next | prompt) tell the lines that begin as the prompt does from the others. */
export interface CalledUp {
  /** Area under the ROC curve of |contribution|. */
  readonly auroc: number;
  /** The same of contributions with their sign. */
  readonly signed: number;
  /** Share of all |contributions| from the lines that begin so, over their share of the lines. */
  readonly over: number;
}

/** Means over prompts; `contributions` has a number for each line. */
export function calledUp(
  prompts: readonly { readonly prompt: Line; readonly contributions: Float64Array }[],
  lines: readonly Line[],
): CalledUp {
  const found = prompts.map(({ prompt, contributions }) => {
    const isIn = lines.map((line) => sharedPrefix(prompt, line) === prompt.length);
    const split = (values: Float64Array) => ({
      inside: values.filter((_, i) => isIn[i]),
      outside: values.filter((_, i) => !isIn[i]),
    });
    const sizes = contributions.map(Math.abs);
    const parts = split(sizes);
    return { auroc: auroc(parts), signed: auroc(split(contributions)), over: meanOf(parts.inside) / meanOf(sizes) };
  });
  const mean = (of: (one: CalledUp) => number): number => meanOf(found.map(of));
  return { auroc: mean((one) => one.auroc), signed: mean((one) => one.signed), over: mean((one) => one.over) };
}

/** Mean |contribution| over that of all lines, by how many characters lines share with the prompts, 0 to all of them; null where no line shares so many. */
export function bySharedPrefix(
  prompts: readonly { readonly prompt: Line; readonly contributions: Float64Array }[],
  lines: readonly Line[],
): (number | null)[] {
  const pairs = prompts.flatMap(({ prompt, contributions }) => {
    const mean = meanOf(contributions.map(Math.abs));
    return lines.map((line, i) => ({ shared: sharedPrefix(prompt, line), size: Math.abs(contributions[i]) / mean }));
  });
  return Array.from({ length: prompts[0].prompt.length + 1 }, (_, k) => {
    const own = pairs.filter(({ shared }) => shared === k);
    return own.length > 0 ? meanOf(own.map(({ size }) => size)) : null;
  });
}
