// A flag that names data beside the run's own (--other): loaded, and of the shape that the model reads.

import { datasetNames, loadDataset } from "../data/registry.ts";
import type { Dataset } from "../data/types.ts";
import { suggestion, UsageError } from "./failure.ts";

/** The data set; UsageError for a name that none has, or examples of another shape. */
export async function sourceFlag(
  flag: string,
  source: string,
  { dataDir, inputShape }: { readonly dataDir: string | undefined; readonly inputShape: readonly number[] },
): Promise<Dataset> {
  const dataset = await loadDataset(source, { directory: dataDir }).catch((error: unknown) => {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message.replace(/^loadDataset: data /, `${flag} `), suggestion(source, datasetNames));
  });
  const [own, other] = [inputShape, dataset.inputShape].map((shape) => shape.join(", "));
  if (own === other) return dataset;
  throw new UsageError(`${flag} must hold examples of shape (${own}) as the run's data, got (${other}) of ${source}`);
}
