// manifest.json of a stored superposition: what it must hold, checked when it is read.

import { z } from "zod";
import { InvalidDataError } from "../errors.ts";
import { listOf } from "../numeric/first-issue.ts";

const SCHEMA = "pathkernel.superposition/1";

const count = z.int().nonnegative();

/** Unknown keys are passed over, so that some can be added. */
const schema = z.object({
  schema: z.literal(SCHEMA),
  software: z.string(),
  /** SHA-256 over the run that it belongs to; see `fingerprintOf`. */
  run: z.string().regex(/^[0-9a-f]{64}$/),
  dtype: z.enum(["float32", "float64"]),
  examples: count,
  parameters: count,
  steps: count,
  /** Rows of terms.npy. */
  terms: listOf(
    z.union([z.enum(["coupled decay", "decoupled decay", "replay"]), z.templateLiteral(["regulariser ", z.string()])]),
  ),
  closure: z.number(),
  madeBy: z.enum(["training", "replay"]),
  shift: z
    .object({
      relative: z.number(),
      correlation: z.number(),
      queries: listOf(z.string()),
      chords: count,
      ofChords: count,
      cost: z.number(),
    })
    .optional(),
});

export type SuperpositionManifest = Omit<z.output<typeof schema>, "schema">;

/** The text of manifest.json. */
export function encodeSuperpositionManifest(manifest: SuperpositionManifest): string {
  return `${JSON.stringify({ schema: SCHEMA, ...manifest }, undefined, 2)}\n`;
}

/** Reads manifest.json; InvalidDataError names the entry that is missing or wrong. */
export function decodeSuperpositionManifest(text: string, name: string): SuperpositionManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidDataError(`${name}: must be JSON, got ${(cause as Error).message}`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  throw new InvalidDataError(`${name}: ${path.join(".") || "the file"}: ${message}`);
}
