// All data sources by name, and files by their ending.

import { InvalidDataError } from "../errors.ts";
import { pathExists, readFileBytes } from "../numeric/files.node.ts";
import { nearestName } from "../numeric/nearest-name.ts";
import { loadCifar10 } from "./cifar10.node.ts";
import { loadCsvFile } from "./csv-file.node.ts";
import { loadDigits } from "./digits.node.ts";
import { loadFashionMnist } from "./fashion-mnist.node.ts";
import { loadMnist } from "./mnist.node.ts";
import { loadNotMnist } from "./notmnist.node.ts";
import { loadNpyFolder, loadNpzFile } from "./npz-file.node.ts";
import { loadPrintedDigits, loadPrintedLetters } from "./printed.node.ts";
import { loadTextFile } from "./text-file.node.ts";
import type { Dataset, LoadOptions } from "./types.ts";
import { loadVerses } from "./verses.node.ts";

const SOURCES: ReadonlyMap<string, (options: LoadOptions) => Dataset> = new Map([
  ["mnist", loadMnist],
  ["fashion-mnist", loadFashionMnist],
  ["digits", loadDigits],
  ["printed-digits", loadPrintedDigits],
  ["printed-letters", loadPrintedLetters],
  ["notmnist", loadNotMnist],
  ["cifar10", loadCifar10],
  ["verses", loadVerses],
]);

const FILES: ReadonlyMap<string, (path: string, options: LoadOptions) => Dataset> = new Map([
  [".npz", loadNpzFile],
  [".csv", loadCsvFile],
  [".tsv", loadCsvFile],
  [".txt", loadTextFile],
]);

/** A folder with one of these holds arrays. */
const HAS_ARRAYS = ["x_train.npy", "x.npy"];

/** Endings of files that `loadDataset` reads. */
export const dataFileEndings: readonly string[] = [...FILES.keys()];

/** Names that `loadDataset` knows beside files. */
export const datasetNames: readonly string[] = [...SOURCES.keys()];

/** A directory with folders named after sources stands for the one of this source, as PATHKERNEL_DATA_DIR does. */
function inNamedFolder(name: string, { directory, ...options }: LoadOptions): LoadOptions {
  if (directory === undefined) return options;
  const own = `${directory}/${name}`;
  return { ...options, directory: pathExists(own) ? own : directory };
}

function loaderOf(spec: string): (options: LoadOptions) => Dataset {
  const source = SOURCES.get(spec);
  if (source !== undefined) return (options) => source(inNamedFolder(spec, options));
  const ending = /\.[^./\\]+$/.exec(spec)?.[0].toLowerCase() ?? "";
  const loadFile = FILES.get(ending);
  if (loadFile !== undefined) return (options) => loadFile(spec, options);
  const endings = dataFileEndings.join(", ");
  if (HAS_ARRAYS.some((name) => pathExists(`${spec}/${name}`))) return (options) => loadNpyFolder(spec, options);
  if (pathExists(spec)) {
    readFileBytes(spec); // a folder or an unreadable file says so
    throw new InvalidDataError(`${spec}: a data file must end in ${endings}, got ${ending || "no ending"}`);
  }
  const near = nearestName(spec, datasetNames);
  const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
  throw new RangeError(
    `loadDataset: data must be one of ${datasetNames.join(", ")} or a file ${endings}, got ${spec}${hint}`,
  );
}

/**
 * Loads the data source of that name (`datasetNames` has them: "mnist", "digits", ...), a file (.npz, .csv, .tsv, .txt) or a folder of .npy files
 * (x_train or x, y_train or y, x_test, y_test), whole or not at all.
 *
 * Throws RangeError for an unknown name (with the nearest known one) or a limit or context below 1, FileError for what is missing or
 * cannot be read, InvalidDataError for data that cannot be used.
 *
 * @example await loadDataset("mnist", { limit: 5000 })
 */
export async function loadDataset(spec: string, options: LoadOptions = {}): Promise<Dataset> {
  const { limit, context } = options;
  for (const [name, count] of Object.entries({ limit, context })) {
    if (count !== undefined && !(Number.isSafeInteger(count) && count >= 1))
      throw new RangeError(`loadDataset: ${name} must be a whole number of at least 1, got ${count}`);
  }
  return loaderOf(spec)(options);
}
