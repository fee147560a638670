// Losses by the names that users write.

import { binaryCrossEntropy } from "./binary-cross-entropy.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { halfMse, mse } from "./mse.ts";
import type { Loss } from "./types.ts";

const losses: ReadonlyMap<string, Loss> = new Map(
  [mse, halfMse, crossEntropy, binaryCrossEntropy].map((loss) => [loss.name, loss]),
);

export const lossNames: readonly string[] = [...losses.keys()];

/** The loss of that name; RangeError with the known ones when there is none. */
export function lossOf(name: string): Loss {
  const loss = losses.get(name);
  if (!loss) throw new RangeError(`loss must be one of ${lossNames.join(", ")}, got "${name}"`);
  return loss;
}
