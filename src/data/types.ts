// What every data source gives: examples with targets, split into training and test.

import type { RealDType, Tensor } from "../numeric/tensor.ts";

/** Examples and their targets; row i of both belongs to example i. */
export interface Split {
  /** (n, ...inputShape). */
  readonly x: Tensor<RealDType>;
  /** Classification: (n) or (n, ...positions) int64 class indices, -100 at positions that do not count; regression: (n, ...outputs). */
  readonly y: Tensor<"int64"> | Tensor<RealDType>;
}

export interface Dataset {
  /** What the user asked for: "mnist", a file's path. */
  readonly source: string;
  readonly task: "classification" | "regression";
  /** Names of the classes in order; empty for regression. */
  readonly classes: readonly string[];
  /** Shape of one example: [1, 28, 28] for images (channels first), [d] for rows. */
  readonly inputShape: readonly number[];
  readonly train: Split;
  /** Zero rows where the source has no test part. */
  readonly test: Split;
  /** Where x was made of bytes: byte b became b / byteScale. An array of bytes given as a query is read alike. */
  readonly byteScale?: number;
  /** SHA-256 over the bytes of x and y of both splits as loaded, after any limit. */
  readonly sha256: string;
}

export interface LoadOptions {
  /** Keep the first `limit` training examples. */
  readonly limit?: number | undefined;
  /** Folder of a source that is files of known names, or one that holds a folder named after the source. */
  readonly directory?: string | undefined;
  /** Name of the target column of a table. */
  readonly target?: string | undefined;
  /** Characters of an example of a text. Default 64. */
  readonly context?: number | undefined;
  /** Classes that integer labels of arrays are of, where some may occur in no example. Default: those of the training labels, all of them. */
  readonly classes?: number | undefined;
}
