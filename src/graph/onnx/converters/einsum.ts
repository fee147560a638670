// Reads Einsum of two operands as transpositions and one batched matrix product.

import { InvalidModelError, UnsupportedError } from "../../../errors.ts";
import { type Dim, multiplyDims, type Shape } from "../../dim.ts";
import { matmul, reduceSum, reshape, transpose } from "../../ops.ts";
import type { Value } from "../../types.ts";
import { type Converter, inputOf, stringOf } from "../import-node.ts";

interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
}

const repeated = (letters: readonly string[]): boolean => new Set(letters).size < letters.length;

/** "bhid,bhjd->bhij", or without an arrow: then the letters that occur once, in the order of the alphabet. */
function parse(text: string): Equation {
  const [left, right] = text.replace(/\s+/g, "").split("->");
  const hint = "write it as matrix products and sums";
  if (left.includes(".")) throw new UnsupportedError(`an ellipsis is not read, got "${text}"`, { hint });
  const operands = left.split(",").map((letters) => [...letters]);
  const all = operands.flat();
  const output =
    right === undefined ? all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort() : [...right];
  if (operands.length > 2) throw new UnsupportedError(`at most two operands are read, got "${text}"`, { hint });
  if (operands.some(repeated))
    throw new UnsupportedError(`a diagonal (a letter twice in one operand) is not read, got "${text}"`, { hint });
  if (repeated(output) || output.some((letter) => !all.includes(letter)) || !/^[a-zA-Z,]*$/.test(left)) {
    throw new InvalidModelError(`the equation must name axes of its operands, got "${text}"`);
  }
  return { operands, output };
}

/** Sizes of the letters; InvalidModelError where operands do not fit the equation. */
function sizesOf(operands: Equation["operands"], values: readonly Value[]): Map<string, Dim> {
  const sizes = new Map<string, Dim>();
  operands.forEach((letters, k) => {
    const { shape } = values[k];
    if (shape.length !== letters.length)
      throw new InvalidModelError(`operand ${k} must have ${letters.length} axes, got [${shape}]`);
    letters.forEach((letter, i) => {
      const known = sizes.get(letter) ?? shape[i];
      if (known !== shape[i])
        throw new InvalidModelError(`axis ${letter} must have one size, got ${known} and ${shape[i]}`);
      sizes.set(letter, known);
    });
  });
  return sizes;
}

const product = (dims: Shape): Dim => dims.reduce<Dim>(multiplyDims, 1);

/**
 * Axes in both operands and the output are a batch, those in both and not in the output are summed by the product, those in one
 * operand and not in the output are summed before. Batch axes stay apart, so that one of them may be that of the examples.
 */
const einsum: Converter = (node) => {
  const { b } = node;
  const { operands, output } = parse(stringOf(node, "equation", ""));
  const values = operands.map((_, k) => inputOf(node, k));
  const sizes = sizesOf(operands, values);
  const elsewhere = (k: number): readonly string[] => [...output, ...(operands[1 - k] ?? [])];
  const lettersOf = (k: number): string[] => operands[k].filter((letter) => elsewhere(k).includes(letter));
  const summed = operands.map((letters, k) => {
    const axes = letters.flatMap((letter, i) => (elsewhere(k).includes(letter) ? [] : [i]));
    return reduceSum(b, values[k], axes);
  });
  const ordered = (x: Value, from: readonly string[], to: readonly string[]): Value =>
    transpose(
      b,
      x,
      to.map((letter) => from.indexOf(letter)),
    );
  const [a, c] = [lettersOf(0), operands[1] ? lettersOf(1) : []];
  if (!operands[1]) return [ordered(summed[0], a, output)];
  const batch = a.filter((letter) => c.includes(letter) && output.includes(letter));
  const inner = a.filter((letter) => c.includes(letter) && !output.includes(letter));
  const [rows, columns] = [a, c].map((letters, k) => letters.filter((letter) => ![a, c][1 - k].includes(letter)));
  const dims = (letters: readonly string[]): Dim[] => letters.map((letter) => sizes.get(letter)!);
  const matrix = (x: Value, from: readonly string[], [first, second]: readonly string[][]): Value =>
    reshape(b, ordered(x, from, [...batch, ...first, ...second]), [
      ...dims(batch),
      product(dims(first)),
      product(dims(second)),
    ]);
  const result = matmul(b, matrix(summed[0], a, [rows, inner]), matrix(summed[1], c, [inner, columns]));
  const split = reshape(b, result, dims([...batch, ...rows, ...columns]));
  return [ordered(split, [...batch, ...rows, ...columns], output)];
};

export const einsumConverters: Readonly<Record<string, Converter>> = { Einsum: einsum };
