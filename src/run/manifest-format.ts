// manifest.json of a run: what it must hold, checked when it is read.

import { z } from "zod";
import { InvalidRunError } from "../errors.ts";
import { listOf, tableOf } from "../numeric/first-issue.ts";
import { type Layout, layoutOf } from "../numeric/layout.ts";
import { valueText } from "../numeric/value-text.ts";
import { ARRAY_FILES, type ArrayHash } from "./arrays-format.ts";
import { type ColumnName, columnNames, columnsOfRun } from "./columns.ts";
import type { RunManifest } from "./types.ts";

const SCHEMA = "pathkernel.run/1";

const count = z.int().nonnegative();
const names = listOf(z.string());
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const resolved = z.object({ name: z.string(), options: tableOf(z.union([z.number(), z.boolean()])) });

const engine = z.object({
  name: z.string(),
  version: z.string(),
  threads: count,
  provider: z.enum(["cpu", "webgpu"]).optional(),
  cpu: z.object({ model: z.string(), features: names }).optional(),
});
const session = z.object({ step: count, createdAt: z.string(), software: z.string(), engine });

const arrayHash = z.object({ elements: count, sha256: hash });
/** Keys are the files of the columns: all of them, that of the occurrences' keys where they have any. */
const arrays = z.object({
  ...Object.fromEntries(columnNames.map((name) => [ARRAY_FILES[name], arrayHash])),
  [ARRAY_FILES.keys]: arrayHash.optional(),
});

/** The file holds the manifest and the shapes of the trained parameters; unknown keys are passed over, so that some can be added. */
const fileSchema = z.object({
  schema: z.literal(SCHEMA),
  software: z.string(),
  createdAt: z.string(),
  dtype: z.enum(["float32", "float64"]),
  seed: z.number(),
  generator: z.string(),
  engine,
  model: z.object({
    spec: z.string(),
    sha256: hash,
    parameters: names,
    trainable: names,
  }),
  loss: z.string(),
  reduction: z.enum(["mean", "sum", "weighted"]).optional(),
  optimizer: resolved,
  schedule: resolved.optional(),
  resumed: listOf(session).optional(),
  sampling: z
    .object({ name: z.enum(["shuffled", "full", "file"]), file: z.string().nullable(), sha256: hash.nullable() })
    .optional(),
  data: z.object({
    source: z.string(),
    limit: z.int().positive().nullable(),
    directory: z.string().nullable(),
    targetColumn: z.string().nullable(),
    context: z.int().positive().nullish(),
    sha256: z.string(),
    task: z.enum(["classification", "regression"]),
    classes: names,
    trainExamples: count,
    testExamples: count,
  }),
  batchSize: count,
  random: z.object({ generator: z.string(), dropout: listOf(z.number()) }).optional(),
  plannedSteps: count,
  steps: count,
  status: z.enum(["running", "complete", "interrupted", "diverged"]),
  checkpointEvery: z.int().positive(),
  recording: z
    .object({ by: z.string(), state: z.enum(["recorded", "derived"]), loopSteps: listOf(count).optional() })
    .optional(),
  layout: listOf(z.object({ name: z.string(), shape: listOf(count) })),
  arrays: arrays.optional(),
});

/** Of the keys only where the run has any. */
export type ArrayHashes = Readonly<Record<(typeof columnNames)[number], ArrayHash>> & { readonly keys?: ArrayHash };

/** The columns that a manifest knows. */
export function knownColumns({ keys }: ArrayHashes): readonly ColumnName[] {
  return columnsOfRun(keys !== undefined);
}

export interface ManifestFile {
  readonly manifest: RunManifest;
  readonly layout: Layout;
  /** What the columns must hold; undefined for runs of the first layout, which have no such files. */
  readonly arrays: ArrayHashes | undefined;
}

/** More elements than any machine holds; a layout that claims them is refused before anything is allocated. */
const MAX_PARAMETERS = 2 ** 40;

/** The text of manifest.json. */
export function encodeManifest({ manifest, layout, arrays: hashes }: ManifestFile): string {
  const shapes = layout.entries.map(({ name, shape }) => ({ name, shape }));
  const files = hashes && Object.fromEntries(knownColumns(hashes).map((name) => [ARRAY_FILES[name], hashes[name]]));
  return `${JSON.stringify({ ...manifest, layout: shapes, arrays: files }, null, 2)}\n`;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const got = `${text.length} characters that are not`;
    throw new InvalidRunError(`${file}: must be JSON, got ${got}; it may be truncated`, { cause });
  }
}

/** What the first thing wrong with `value` is, in zod's words and with the value that is there. */
function messageOf({ issues: [issue] }: z.ZodError, value: unknown): string {
  const got = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], value);
  const must = issue.message.replace(/, received .*$/, "");
  return `${issue.path.join(".")}: ${must.charAt(0).toLowerCase()}${must.slice(1)}, got ${got === undefined ? "none" : valueText(got)}`;
}

/** Reads the text of manifest.json; `file` is what messages call it. Throws InvalidRunError naming the key that is wrong. */
export function decodeManifest(text: string, file: string): ManifestFile {
  const value = parseJson(text, file);
  const schema = z.looseObject({ schema: z.unknown() }).safeParse(value).data?.schema;
  if (schema !== SCHEMA) {
    const hint =
      schema === undefined ? undefined : "another version of pathkernel wrote this run: open it with that one";
    const got = schema === undefined ? "none" : valueText(schema);
    throw new InvalidRunError(`${file}: schema must be "${SCHEMA}", got ${got}`, { hint });
  }
  const result = fileSchema.safeParse(value);
  if (!result.success) throw new InvalidRunError(`${file}: ${messageOf(result.error, value)}`);
  const { layout: shapes, arrays: files, ...manifest } = result.data;
  const layout = layoutOf(shapes.map(({ name, shape }) => [name, shape]));
  if (shapes.map(({ name }) => name).join() !== manifest.model.trainable.join()) {
    const got = `${shapes.length} shapes for ${manifest.model.trainable.length} parameters, or other names`;
    throw new InvalidRunError(`${file}: layout must list the trainable parameters in their order, got ${got}`);
  }
  if (!(layout.size <= MAX_PARAMETERS)) {
    throw new InvalidRunError(`${file}: layout must be at most 2^40 numbers, got ${layout.size}`);
  }
  const known = files as Readonly<Record<string, ArrayHash | undefined>> | undefined;
  const isKeyed = known?.[ARRAY_FILES.keys] !== undefined;
  if (isKeyed !== (manifest.random !== undefined)) {
    const got = isKeyed ? `${ARRAY_FILES.keys} without it` : "none";
    throw new InvalidRunError(`${file}: arrays must name ${ARRAY_FILES.keys} where random is there, got ${got}`);
  }
  const hashes =
    known && (Object.fromEntries(columnsOfRun(isKeyed).map((name) => [name, known[ARRAY_FILES[name]]])) as ArrayHashes);
  return { manifest, layout, arrays: hashes };
}
