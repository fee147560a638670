// SHA-256 of arrays and bytes, for naming data and runs by what they hold.

import { createHash } from "node:crypto";
import { bytesOf } from "./bytes.ts";

/** SHA-256 over the bytes of `parts`, one after another, as 64 hexadecimal digits. */
export function sha256(...parts: readonly (ArrayBufferView | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(typeof part === "string" ? part : bytesOf(part));
  return hash.digest("hex");
}
