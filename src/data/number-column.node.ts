// One number for each example, from a file: a .npy array or a column of a table.

import Papa from "papaparse";
import { InvalidDataError } from "../errors.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { sha256 } from "../numeric/sha256.node.ts";

export interface NumberColumn {
  readonly values: Float64Array;
  /** Of the file's bytes. */
  readonly sha256: string;
}

/** "FILE.csv:COLUMN" in two. */
const COLUMN_OF = /^(.*\.(?:csv|tsv)):([^/\\]+)$/i;

/**
 * The numbers of a .npy array with one element a row, or of a column of a .csv or .tsv file with a header: "FILE.csv:COLUMN", or "FILE.csv" where
 * there is only one. FileError where the file cannot be read, InvalidDataError for anything else that is in it.
 */
export function readNumberColumn(spec: string): NumberColumn {
  const [, file = spec, column] = COLUMN_OF.exec(spec) ?? [];
  const bytes = readFileBytes(file);
  const values = /\.(csv|tsv)$/i.test(file) ? columnOf(bytes, file, column) : elementsOf(bytes, file);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new InvalidDataError(`${spec}: must hold finite numbers, got ${values[bad]} in row ${bad}`);
  return { values, sha256: sha256(bytes) };
}

function elementsOf(bytes: Uint8Array, file: string): Float64Array {
  const { shape, data } = decodeNpy(bytes, file);
  if (shape.slice(1).some((axis) => axis !== 1))
    throw new InvalidDataError(`${file}: must have one number a row, got shape [${shape}]`);
  return Float64Array.from(data as Iterable<number | bigint>, Number);
}

function columnOf(bytes: Uint8Array, file: string, column: string | undefined): Float64Array {
  const { data } = Papa.parse<string[]>(new TextDecoder().decode(bytes), { skipEmptyLines: true });
  const header = (data[0] ?? []).map((cell) => cell.trim());
  const place = column === undefined ? header.length - 1 : header.indexOf(column);
  if (place < 0 || (column === undefined && header.length !== 1)) {
    const got = column ?? "none";
    throw new InvalidDataError(`${file}: the column must be one of ${header.join(", ") || "none"}, got ${got}`, {
      hint: `write it behind the file, as in ${file}:${header.at(-1) ?? "weight"}`,
    });
  }
  return Float64Array.from(data.slice(1), (row) => {
    const cell = (row[place] ?? "").trim();
    return cell === "" ? Number.NaN : Number(cell);
  });
}
