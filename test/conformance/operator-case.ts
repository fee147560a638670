// What a case of the operator suite is, and deterministic numbers for its inputs.

import { isBatch, resolveDim, type Shape, sizeOfShape } from "../../src/graph/dim.ts";
import type { Attributes } from "../../src/graph/types.ts";
import { reals, type Tensor, tensor } from "../../src/numeric/tensor.ts";

/** What N is in all cases. */
export const BATCH_SIZE = 3;

/** One input: its shape may hold the batch axis, its data are for N = BATCH_SIZE. */
export interface CaseInput {
  readonly shape: Shape;
  readonly data: Tensor;
  /** The operator gets the shape of this value, computed when the graph runs, instead of the value. */
  readonly asShape?: true;
}

export interface OperatorCase {
  /** What is special about this case; distinct within its operator. */
  readonly name: string;
  readonly op: string;
  readonly attributes?: Attributes;
  /**
   * In the operator's order, undefined where an optional one is absent. Real ones are graph inputs and differentiated, unless
   * `fixed` names them; integers and truth values are constants, unless they hold the batch axis.
   */
  readonly inputs: readonly (CaseInput | undefined)[];
  readonly fixed?: readonly number[];
  /** The first output: its numbers, or a function of the inputs' elements at one place (inputs of one size, or of size 1). */
  readonly expected?: readonly number[] | ((...elements: number[]) => number);
  /** Half the length of the segment on which switches are looked for (0 skips it). Default 2.5. */
  readonly reach?: number;
}

const concrete = (shape: Shape): number[] => shape.map((dim) => resolveDim(dim, BATCH_SIZE));

/** Numbers between low and high in an order without pattern (multiples of the golden ratio), any two at least 0.38 / size of the range apart. */
export function spread(size: number, low: number, high: number, salt = 0): number[] {
  return Array.from(
    { length: size },
    (_, i) => low + (high - low) * (((i + 1) * 0.6180339887498949 + salt * 0.137) % 1),
  );
}

/** Real numbers in (-2, 2), none closer than 0.05 to zero, where most kinks are. */
export function real(shape: Shape, salt = 0): CaseInput {
  const dims = concrete(shape);
  const values = spread(sizeOfShape(dims) as number, -1.9, 1.9, salt).map((v) => v + 0.05 * Math.sign(v));
  return { shape, data: reals(dims, values) };
}

/** Real numbers in (0.3, 2). */
export function positive(shape: Shape, salt = 0): CaseInput {
  const dims = concrete(shape);
  return { shape, data: reals(dims, spread(sizeOfShape(dims) as number, 0.3, 2, salt)) };
}

/** Given real numbers. */
export function given(shape: Shape, values: readonly number[]): CaseInput {
  return { shape, data: reals(concrete(shape), values) };
}

/** A list of int64, or of the shape given. */
export function ints(values: readonly number[], shape: Shape = [values.length]): CaseInput {
  return { shape, data: tensor("int64", concrete(shape), BigInt64Array.from(values, BigInt)) };
}

/** The numbers of a shape that holds the batch axis, as a list of int64 that is known only when the graph runs. */
export function sizes(shape: Shape): CaseInput {
  const dims = concrete(shape);
  return { shape, data: reals(dims, new Float64Array(sizeOfShape(dims) as number)), asShape: true };
}

/** Truth values from zeros and ones. */
export function bools(values: readonly number[], shape: Shape = [values.length]): CaseInput {
  return { shape, data: tensor("bool", concrete(shape), Uint8Array.from(values)) };
}

/** Positions of the inputs that a case is differentiated with respect to. */
export function differentiable({ inputs, fixed = [] }: OperatorCase): number[] {
  const isReal = (input: CaseInput | undefined): boolean => input?.data.dtype === "float64" && !input.asShape;
  return [...inputs.keys()].filter((i) => isReal(inputs[i]) && !fixed.includes(i));
}

/** Whether an input is fed when the graph runs (others are constants of the graph). */
export function isFed(c: OperatorCase, i: number): boolean {
  const input = c.inputs[i];
  return input !== undefined && (differentiable(c).includes(i) || input.shape.some(isBatch));
}
