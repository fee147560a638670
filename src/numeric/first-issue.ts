// Lists and tables for zod of which only the first wrong entry is told: zod takes 5 µs and 500 bytes for each, a million of them in a damaged file.

import { z } from "zod";

/** What comes of each entry in turn; the first that is wrong ends it. */
function checked<T extends z.ZodType>(
  entries: Iterable<readonly [PropertyKey, unknown]>,
  element: T,
  context: z.RefinementCtx,
): [PropertyKey, z.output<T>][] | undefined {
  const found: [PropertyKey, z.output<T>][] = [];
  for (const [key, value] of entries) {
    const result = element.safeParse(value);
    if (!result.success) {
      const [{ path, message }] = result.error.issues;
      context.addIssue({ code: "custom", path: [key, ...path], message });
      return undefined;
    }
    found.push([key, result.data]);
  }
  return found;
}

/** As z.array(element). */
export function listOf<T extends z.ZodType>(element: T) {
  return z.array(z.unknown()).transform((list, context): z.output<T>[] => {
    return checked(list.entries(), element, context)?.map(([, value]) => value) ?? z.NEVER;
  });
}

/** As z.record(z.string(), element). */
export function tableOf<T extends z.ZodType>(element: T, message?: string) {
  return z.looseObject({}, message).transform((table, context): Record<string, z.output<T>> => {
    const entries = checked(Object.entries(table), element, context);
    return entries ? Object.fromEntries(entries) : z.NEVER;
  });
}
