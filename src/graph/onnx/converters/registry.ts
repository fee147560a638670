// The operators that are read in another form than they stand in a file, joined from one file a family.

import type { Converter } from "../import-node.ts";
import { activationConverters } from "./activations.ts";
import { axesConverters } from "./axes.ts";
import { blockConverters } from "./blocks.ts";
import { einsumConverters } from "./einsum.ts";
import { normalisationConverters } from "./normalisation.ts";
import { resizeConverters } from "./resize.ts";
import { structureConverters } from "./structure.ts";
import { windowConverters } from "./windows.ts";

/** Converters by operator name; operators that are not here are read as they stand. */
export const converters: ReadonlyMap<string, Converter> = new Map(
  Object.entries({
    ...activationConverters,
    ...axesConverters,
    ...blockConverters,
    ...einsumConverters,
    ...normalisationConverters,
    ...resizeConverters,
    ...structureConverters,
    ...windowConverters,
  }),
);
