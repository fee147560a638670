// A table of numbers with one column to predict: from text cells to examples and targets.

import { InvalidDataError } from "../errors.ts";
import { nearestName } from "../numeric/nearest-name.ts";
import { type Tensor, tensor } from "../numeric/tensor.ts";
import type { Split } from "./types.ts";

/** Text cells under a header; rows as in the file. */
export interface Table {
  /** What messages call it. */
  readonly name: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** How a target column is read: class names in order, or undefined for a regression target. */
export type Classes = readonly string[] | undefined;

/** Columns that are taken for the target when none is named, the first that is there. */
const TARGET_NAMES = ["target", "label", "y", "class"];

/** Integers with more distinct values than this are amounts, not classes. */
const MAX_INTEGER_CLASSES = 20;

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** The finite number that a cell spells in decimal, or undefined. */
function numberOf(cell: string): number | undefined {
  const value = DECIMAL.test(cell.trim()) ? Number(cell) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** Index of the target column: `wanted`, else `target`, `label`, `y` or `class`, else the last. */
export function targetColumn({ name, header }: Table, wanted: string | undefined): number {
  if (wanted === undefined) {
    const known = TARGET_NAMES.find((target) => header.includes(target));
    return known === undefined ? header.length - 1 : header.indexOf(known);
  }
  const column = header.indexOf(wanted);
  if (column < 0) {
    const near = nearestName(wanted, header);
    const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
    throw new InvalidDataError(
      `${name}: the target must be one of the columns ${header.join(", ")}, got ${wanted}${hint}`,
    );
  }
  return column;
}

/** The name that a cell gives a class: "3" for 3, 3.0 and +3, and the text without outer spaces for what is no number. */
function classOf(cell: string): string {
  const value = numberOf(cell);
  return value === undefined ? cell.trim() : String(value + 0); // + 0: -0 is 0
}

/**
 * The classes of a target column, sorted (by value where all are numbers, else by code unit), or undefined for regression.
 *
 * Classification: cells that are no numbers, or integers of at most 20 distinct values. A column of numbers with a few cells
 * that are none, and more than 20 distinct values in all, is refused: a missing value is no class.
 */
export function classesOf({ name, header, rows }: Table, column: number): Classes {
  const cells = rows.map((row) => row[column]);
  const empty = cells.findIndex((cell) => cell.trim() === "");
  if (empty >= 0) throw cellError({ name, header, row: empty, column }, "must not be empty", "");
  const values = cells.map(numberOf);
  const distinct = [...new Set(cells.map(classOf))];
  const text = values.indexOf(undefined);
  if (text < 0) {
    const isClasses = distinct.length <= MAX_INTEGER_CLASSES && values.every(Number.isInteger);
    return isClasses ? distinct.sort((a, b) => Number(a) - Number(b)) : undefined;
  }
  if (distinct.length > MAX_INTEGER_CLASSES && values.some((value) => value !== undefined)) {
    throw cellError({ name, header, row: text, column }, "must be a number as others in its column", cells[text]);
  }
  return distinct.sort();
}

interface Place {
  readonly name: string;
  readonly header: readonly string[];
  /** From 0. */
  readonly row: number;
  readonly column: number;
}

/** Rows are counted from 1, the header and blank lines left out. */
function cellError({ name, header, row, column }: Place, must: string, got: string): InvalidDataError {
  return new InvalidDataError(`${name}: row ${row + 1}, column ${header[column]} ${must}, got ${JSON.stringify(got)}`);
}

function targetsOf(table: Table, column: number, classes: Classes): Split["y"] {
  const { name, header, rows } = table;
  if (classes !== undefined) {
    const indices = new Map(classes.map((label, k) => [label, BigInt(k)]));
    const data = BigInt64Array.from(rows, (cells, row) => {
      const index = indices.get(classOf(cells[column]));
      if (index !== undefined) return index;
      throw cellError({ name, header, row, column }, `must be one of the classes ${classes.join(", ")}`, cells[column]);
    });
    return tensor("int64", [rows.length], data);
  }
  const data = Float64Array.from(rows, (cells, row) => {
    const value = numberOf(cells[column]);
    if (value !== undefined) return value;
    throw cellError({ name, header, row, column }, "must be a finite number", cells[column]);
  });
  return tensor("float64", [rows.length, 1], data);
}

/**
 * All rows as examples: x (n, columns - 1) float64 of every column but the target, y as `classes` says.
 *
 * Throws InvalidDataError naming row and column of a cell that is no finite number or none of the classes.
 */
export function splitOf(table: Table, column: number, classes: Classes): Split {
  const { name, header, rows } = table;
  const width = header.length - 1;
  const data = new Float64Array(rows.length * width);
  rows.forEach((cells, row) => {
    for (let c = 0, k = row * width; c < header.length; c++) {
      if (c === column) continue;
      const value = numberOf(cells[c]);
      if (value === undefined) throw cellError({ name, header, row, column: c }, "must be a finite number", cells[c]);
      data[k++] = value;
    }
  });
  const x: Tensor<"float64"> = tensor("float64", [rows.length, width], data);
  return { x, y: targetsOf(table, column, classes) };
}
