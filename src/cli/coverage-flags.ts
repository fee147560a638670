// What the flags of `pathkernel coverage` may hold.

import { figureFlag } from "./figure-file.ts";
import * as flags from "./flags.ts";

/** Training examples whose features make the span, where no flag says how many. */
export const SPAN_EXAMPLES = 2000;
/** Queries where no flag says which. */
export const COVERAGE_QUERIES = 1000;
/** Training examples behind those of the span whose coverage says what is usual. */
export const HELD_OUT = 500;
/** Lines of the list of queries. */
export const LISTED = 20;

export const COVERAGE_SHAPE = {
  query: flags.list(";").optional(),
  other: flags.text().optional(),
  count: flags.count().optional(),
  dataDir: flags.text().optional(),
  at: flags.stepFlag(),
  of: flags.text().optional(),
  form: flags.nameFlag(["trace", "predicted"] as const),
  ridge: flags.positive().optional(),
  tolerance: flags.fraction().optional(),
  top: flags.count(),
  memory: flags.bytes().optional(),
  figure: figureFlag().optional(),
  data: flags.text().optional(),
  threads: flags.count().optional(),
};
