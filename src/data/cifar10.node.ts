// CIFAR-10 (Krizhevsky 2009): colour pictures of 32 x 32 in ten classes, from the files of its binary version in a folder.

import { join } from "node:path";
import { FileError, InvalidDataError } from "../errors.ts";
import { pathExists, readFileBytes } from "../numeric/files.node.ts";
import { withHash } from "./assemble.node.ts";
import { scaleBytes } from "./prepare.ts";
import type { Dataset, LoadOptions, Split } from "./types.ts";

const CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const SHAPE = [3, 32, 32];
const PIXELS = 3 * 32 * 32;

/** A label, then the red, green and blue plane. */
const RECORD = 1 + PIXELS;

const TRAIN_FILES = [1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`);
const TEST_FILE = "test_batch.bin";

/** The folder in which the archive of the binary version unpacks. */
const ARCHIVE_FOLDER = "cifar-10-batches-bin";

const HOW =
  "unpack cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html and give its folder (--data-dir, or cifar10/ in PATHKERNEL_DATA_DIR)";

function folderOf({ directory }: LoadOptions): string {
  const shared = process.env.PATHKERNEL_DATA_DIR;
  const known = directory === undefined ? (shared ? [join(shared, "cifar10"), shared] : []) : [directory];
  const folders = known.flatMap((folder) => [folder, join(folder, ARCHIVE_FOLDER)]);
  const found = folders.find((folder) => pathExists(join(folder, TRAIN_FILES[0])));
  if (found !== undefined) return found;
  const where = directory ?? (shared ? known.join(" or ") : "a folder that is given");
  throw new FileError(`cifar10 must be in ${where}, got no ${TRAIN_FILES[0]} there: ${HOW}`, directory ?? "cifar10");
}

function recordsOf(path: string): Uint8Array {
  const bytes = readFileBytes(path);
  if (bytes.length === 0 || bytes.length % RECORD !== 0) {
    throw new InvalidDataError(
      `${path}: must be whole records of ${RECORD} bytes (a label and ${PIXELS} of pixels), got ${bytes.length} bytes`,
    );
  }
  for (let i = 0; i * RECORD < bytes.length; i++) {
    const label = bytes[i * RECORD];
    if (label < CLASSES.length) continue;
    throw new InvalidDataError(`${path}: labels must be 0 to ${CLASSES.length - 1}, got ${label} in record ${i}`);
  }
  return bytes;
}

/** The first `limit` records of the files, in order; files behind them are not read. */
function splitOf(paths: readonly string[], limit = Number.POSITIVE_INFINITY): Split {
  const files: Uint8Array[] = [];
  let n = 0;
  for (const path of paths) {
    if (n >= limit) break;
    const records = recordsOf(path);
    const kept = Math.min(records.length / RECORD, limit - n);
    files.push(records.subarray(0, kept * RECORD));
    n += kept;
  }
  const [pixels, labels] = [new Uint8Array(n * PIXELS), new BigInt64Array(n)];
  let at = 0;
  for (const records of files) {
    for (let start = 0; start < records.length; start += RECORD, at++) {
      labels[at] = BigInt(records[start]);
      pixels.set(records.subarray(start + 1, start + RECORD), at * PIXELS);
    }
  }
  return {
    x: scaleBytes({ dtype: "uint8", shape: [n, PIXELS], data: pixels }, 255, [n, ...SHAPE]),
    y: { dtype: "int64", shape: [n], data: labels },
  };
}

/**
 * CIFAR-10 with pixels byte / 255 in float32, x (n, 3, 32, 32), channels red, green, blue: training examples from those of
 * data_batch_1.bin to data_batch_5.bin that are there, in order, test examples from test_batch.bin.
 *
 * Looks in `directory` alone when it is given; else in the folder `cifar10` of PATHKERNEL_DATA_DIR, then in that one itself; each time
 * also in cifar-10-batches-bin there. Throws FileError where it is in none of these or a test file is missing, InvalidDataError for a
 * file that is no whole number of records and for a label above 9. 50,000 examples take 614 MB.
 */
export function loadCifar10(options: LoadOptions): Dataset {
  const folder = folderOf(options);
  const present = TRAIN_FILES.map((file) => join(folder, file)).filter(pathExists);
  const test = join(folder, TEST_FILE);
  if (!pathExists(test)) throw new FileError(`cifar10 must have ${TEST_FILE} in ${folder}, got none: ${HOW}`, test);
  return withHash({
    source: "cifar10",
    task: "classification",
    classes: CLASSES,
    inputShape: SHAPE,
    byteScale: 255,
    train: splitOf(present, options.limit),
    test: splitOf([test]),
  });
}
