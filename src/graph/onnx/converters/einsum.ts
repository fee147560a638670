// Reads Einsum as transpositions, diagonals and batched matrix products, two operands at a time.

import { InvalidModelError, UnsupportedError } from "../../../errors.ts";
import type { GraphBuilder } from "../../builder.ts";
import { type Dim, fixedDim, isBatch, multiplyDims, type Shape } from "../../dim.ts";
import { matmul, reduceSum, reshape, squeeze, transpose } from "../../ops.ts";
import type { Value } from "../../types.ts";
import { type Converter, inputOf, stringOf } from "../import-node.ts";

/** An operand with a letter for each of its axes. */
interface Term {
  readonly value: Value;
  readonly letters: readonly string[];
}

interface Equation {
  readonly terms: readonly Term[];
  readonly output: readonly string[];
}

const repeated = (letters: readonly string[]): boolean => new Set(letters).size < letters.length;
const product = (dims: Shape): Dim => dims.reduce<Dim>(multiplyDims, 1);

/** Names of the axes that an ellipsis stands for, counted from the last; no letter of an equation is a number. */
const hidden = (count: number): string[] => Array.from({ length: count }, (_, i) => `${count - 1 - i}`);

/** "b...d" for a value of so many axes. */
function lettersOf(text: string, rank: number): readonly string[] {
  const [before, after] = text.split("...");
  const named = [...before, ...(after ?? "")];
  if (
    named.some((letter) => !/[a-zA-Z]/.test(letter)) ||
    (after === undefined ? named.length !== rank : named.length > rank)
  )
    throw new InvalidModelError(`"${text}" must name the ${rank} axes of its operand`);
  return after === undefined ? named : [...before, ...hidden(rank - named.length), ...after];
}

/** "bhid,bhjd->bhij", or without an arrow: then what an ellipsis stands for, and the letters that occur once, in order. */
function parse(text: string, values: readonly Value[]): Equation {
  const [left, right] = text.replace(/\s+/g, "").split("->");
  const operands = left.split(",");
  if (operands.length !== values.length)
    throw new InvalidModelError(`the equation must have ${values.length} operands, got "${text}"`);
  const terms = operands.map((operand, k) => ({
    value: values[k],
    letters: lettersOf(operand, values[k].shape.length),
  }));
  const all = terms.flatMap(({ letters }) => letters);
  const ellipsis = hidden(Math.max(0, ...all.filter((letter) => /\d/.test(letter)).map((digit) => Number(digit) + 1)));
  const once = all.filter((letter) => /\D/.test(letter) && all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  const written = right?.split("...") ?? [];
  const output =
    written.length === 0
      ? [...ellipsis, ...once]
      : [...written[0], ...(written.length > 1 ? ellipsis : []), ...(written[1] ?? "")];
  if (repeated(output) || output.some((letter) => !all.includes(letter)))
    throw new InvalidModelError(`the equation must name axes of its operands, got "${text}"`);
  return { terms, output };
}

/** Without axes of 1 that another operand's ellipsis stretches. */
function unstretched(b: GraphBuilder, { value, letters }: Term, sizes: ReadonlyMap<string, Dim>): Term {
  const axes = letters.flatMap((letter, i) =>
    /\d/.test(letter) && value.shape[i] === 1 && sizes.get(letter) !== 1 ? [i] : [],
  );
  return { value: squeeze(b, value, axes), letters: letters.filter((_, i) => !axes.includes(i)) };
}

/** Sizes of the letters; InvalidModelError where operands do not fit the equation. */
function sizesOf(terms: readonly Term[]): Map<string, Dim> {
  const sizes = new Map<string, Dim>();
  for (const { letters, value } of terms) {
    letters.forEach((letter, i) => {
      const [dim, known] = [value.shape[i], sizes.get(letter)];
      if (known === undefined || (known === 1 && /\d/.test(letter))) sizes.set(letter, dim);
      else if (known !== dim && !(dim === 1 && /\d/.test(letter)))
        throw new InvalidModelError(`axis ${letter} must have one size, got ${known} and ${dim}`);
    });
  }
  return sizes;
}

const ordered = (b: GraphBuilder, { value, letters }: Term, to: readonly string[]): Value =>
  transpose(
    b,
    value,
    to.map((letter) => letters.indexOf(letter)),
  );

/** A letter that occurs twice in one operand names its diagonal: both axes are joined, and every (size + 1)th element is kept. */
function diagonal(b: GraphBuilder, { value, letters }: Term): Term {
  const letter = letters.find((one, i) => letters.indexOf(one) !== i);
  if (letter === undefined) return { value, letters };
  const [first, second] = [letters.indexOf(letter), letters.lastIndexOf(letter)];
  const others = letters.map((_, i) => i).filter((i) => i !== first && i !== second);
  const size = fixedDim(value.shape[first], "a diagonal");
  const moved = transpose(b, value, [...others, first, second]);
  const joined = reshape(b, moved, [...others.map((i) => value.shape[i]), size * size]);
  const places = b.ints(Array.from({ length: size }, (_, i) => i * (size + 1)));
  const kept = b.op("Gather", [joined, places], { axis: others.length });
  return diagonal(b, { value: kept, letters: [...others.map((i) => letters[i]), letter] });
}

/** Sums over the letters that nothing else needs. */
function reduced(b: GraphBuilder, { value, letters }: Term, needed: ReadonlySet<string>): Term {
  const axes = letters.flatMap((letter, i) => (needed.has(letter) ? [] : [i]));
  return { value: reduceSum(b, value, axes), letters: letters.filter((letter) => needed.has(letter)) };
}

/**
 * The product of two operands. Letters in both that are needed later are a batch, those in both that are not are summed by the
 * product. Batch axes stay apart, so that one of them may be that of the examples.
 */
function contracted(b: GraphBuilder, x: Term, y: Term, needed: ReadonlySet<string>): Term {
  const shared = x.letters.filter((letter) => y.letters.includes(letter));
  const [batch, inner] = [true, false].map((kept) => shared.filter((letter) => needed.has(letter) === kept));
  const [rows, columns] = [x, y].map(({ letters }) => letters.filter((letter) => !shared.includes(letter)));
  const dims = ({ letters, value }: Term, of: readonly string[]): Dim[] =>
    of.map((letter) => value.shape[letters.indexOf(letter)]);
  const matrix = (term: Term, first: readonly string[], second: readonly string[]): Value =>
    reshape(b, ordered(b, term, [...batch, ...first, ...second]), [
      ...dims(term, batch),
      product(dims(term, first)),
      product(dims(term, second)),
    ]);
  const result = matmul(b, matrix(x, rows, inner), matrix(y, inner, columns));
  const value = reshape(b, result, [...dims(x, [...batch, ...rows]), ...dims(y, columns)]);
  return { value, letters: [...batch, ...rows, ...columns] };
}

/** The operands from that of the examples on, each next to one that it shares a letter with, so that parameters meet examples one by one. */
function chained(terms: readonly Term[]): Term[] {
  const left = [...terms];
  const begin = Math.max(
    0,
    left.findIndex(({ value }) => value.shape.some(isBatch)),
  );
  const order = left.splice(begin, 1);
  while (left.length > 0) {
    const met = order.flatMap(({ letters }) => letters);
    const next = left.findIndex(({ letters }) => letters.some((letter) => met.includes(letter)));
    order.push(...left.splice(Math.max(0, next), 1));
  }
  return order;
}

const einsum: Converter = (node) => {
  const { b } = node;
  const text = stringOf(node, "equation", "");
  const { terms, output } = parse(
    text,
    node.inputs.map((_, k) => inputOf(node, k)),
  );
  const sizes = sizesOf(terms);
  const [first, ...others] = chained(terms.map((term) => diagonal(b, unstretched(b, term, sizes))));
  const neededFrom = (k: number): ReadonlySet<string> =>
    new Set([...output, ...others.slice(k).flatMap(({ letters }) => letters)]);
  const result = others.reduce((joint, next, k) => {
    const elsewhere = new Set([...joint.letters, ...neededFrom(k + 1)]);
    return contracted(b, reduced(b, joint, neededFrom(k)), reduced(b, next, elsewhere), neededFrom(k + 1));
  }, first);
  const last = reduced(b, result, new Set(output));
  if (output.some((letter) => !last.letters.includes(letter)))
    throw new UnsupportedError(`an axis that is only stretched is not read, got "${text}"`, {
      hint: "write it as matrix products and sums",
    });
  return [ordered(b, last, output)];
};

export const einsumConverters: Readonly<Record<string, Converter>> = { Einsum: einsum };
