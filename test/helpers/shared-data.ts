// Data sets that no package carries: in PATHKERNEL_DATA_DIR, or in a folder shared/data beside the checkout.

import { existsSync } from "node:fs";
import { join } from "node:path";

/** Their folder there; undefined where there is none, for which a test skips and says so. */
export function sharedData(name: string): string | undefined {
  const folders = [process.env.PATHKERNEL_DATA_DIR, "../shared/data"].flatMap((root) =>
    root ? [join(root, name)] : [],
  );
  return folders.find((folder) => existsSync(folder));
}
