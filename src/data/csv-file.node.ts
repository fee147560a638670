// A user's own table: a CSV or TSV file with a header row (read by Papa Parse).

import Papa from "papaparse";
import { InvalidDataError } from "../errors.ts";
import { pathExists } from "../numeric/files.node.ts";
import { type Tensor, takeRows } from "../numeric/tensor.ts";
import { withHash } from "./assemble.node.ts";
import { readText } from "./read-text.node.ts";
import { classesOf, splitOf, type Table, targetColumn } from "./table.ts";
import type { Dataset, LoadOptions, Split } from "./types.ts";

/** Every fifth row is a test example when no test file stands beside the table. */
const TEST_EVERY = 5;

function readTable(path: string): Table {
  const delimiter = /\.tsv$/i.test(path) ? "\t" : "";
  const { data, errors } = Papa.parse<string[]>(readText(path), { delimiter, skipEmptyLines: true });
  const broken = errors.find((error) => error.type === "Quotes");
  if (broken !== undefined) {
    throw new InvalidDataError(
      `${path}: quotes must be closed and doubled inside a cell, got ${broken.message} (row ${broken.row})`,
    );
  }
  const [header, ...rows] = data.length === 0 ? [[]] : [data[0].map((cell) => cell.trim()), ...data.slice(1)];
  requireHeader(path, header);
  if (rows.length === 0) throw new InvalidDataError(`${path}: must have rows after its header, got none`);
  const ragged = rows.findIndex((row) => row.length !== header.length);
  if (ragged >= 0) {
    throw new InvalidDataError(
      `${path}: row ${ragged + 1} must have ${header.length} cells as the header, got ${rows[ragged].length}`,
    );
  }
  return { name: path, header, rows };
}

function requireHeader(path: string, header: readonly string[]): void {
  const got =
    header
      .map((cell) => JSON.stringify(cell))
      .join(", ")
      .slice(0, 80) || "an empty file";
  const must = (what: string) => new InvalidDataError(`${path}: the first row must ${what}, got ${got}`);
  if (header.length < 2) throw must("name at least two columns, features and a target");
  if (header.every((cell) => cell !== "" && Number.isFinite(Number(cell)))) throw must("name the columns");
  if (header.includes("")) throw must("name every column (a row index? leave it out)");
  if (new Set(header).size < header.length) throw must("name every column differently");
}

/** The table beside `path` that holds its test part: FILE.test.csv for FILE.csv. */
function testPathOf(path: string): string {
  return path.replace(/(\.[^.]+)$/, ".test$1");
}

function readTestTable(path: string, { header }: Table): Table | undefined {
  const testPath = testPathOf(path);
  if (!pathExists(testPath)) return undefined;
  const table = readTable(testPath);
  if (table.header.join("\n") === header.join("\n")) return table;
  throw new InvalidDataError(
    `${testPath}: must have the columns of ${path}, ${header.join(", ")}, got ${table.header.join(", ")}`,
  );
}

function pick({ x, y }: Split, rows: readonly number[]): Split {
  return { x: takeRows(x, rows), y: takeRows(y as Tensor<"int64">, rows) };
}

/**
 * Loads a table whose first row names the columns. Separated by tabs in .tsv; in .csv by what separates most evenly: , ; | or tab.
 *
 * Target: the column `target` of the options, else the column called `target`, `label`, `y` or `class` (the first that is
 * there, in this order), else the last column. Text, or integers of at most 20 distinct values: classification, classes sorted,
 * y (n) int64; else regression, y (n, 1) float64. All other columns are features and must be numbers: x (n, features) float64.
 *
 * Test part: the file FILE.test.csv beside FILE.csv if there is one; else rows 5, 10, 15, ... of the table.
 *
 * Throws FileError for a file that cannot be read; InvalidDataError naming row (from 1, after the header) and column for an
 * empty cell, a feature that is no finite number, a class that only the test file has, and for a malformed table.
 */
export function loadCsvFile(path: string, { limit, target }: LoadOptions): Dataset {
  const table = readTable(path);
  const column = targetColumn(table, target);
  const classes = classesOf(table, column);
  const testTable = readTestTable(path, table);
  const all = splitOf(table, column, classes);
  const rows = table.rows.map((_, i) => i);
  const isTest = (i: number) => testTable === undefined && i % TEST_EVERY === TEST_EVERY - 1;
  const train = pick(all, rows.filter((i) => !isTest(i)).slice(0, limit));
  const test = testTable === undefined ? pick(all, rows.filter(isTest)) : splitOf(testTable, column, classes);
  return withHash({
    source: path,
    task: classes === undefined ? "regression" : "classification",
    classes: classes ?? [],
    inputShape: all.x.shape.slice(1),
    train,
    test,
  });
}
