// What flags may hold, as zod schemas: each refusal names the flag, what must hold and what was written.

import { z } from "zod";
import { suggestion, UsageError } from "./failure.ts";

type Context = z.core.$RefinementCtx<unknown>;

function refuse(context: Context, message: string, hint?: string): never {
  context.addIssue({ code: "custom", message, params: { hint } });
  return z.NEVER;
}

/** A finite number for which `holds`; `must` says so, as in "be > 0". */
export function numberFlag(must: string, holds: (value: number) => boolean) {
  return z.string().transform((text, context): number => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    return Number.isFinite(value) && holds(value) ? value : refuse(context, `must ${must}, got "${text}"`);
  });
}

export const positive = () => numberFlag("be a number > 0", (value) => value > 0);
export const nonNegative = () => numberFlag("be a number >= 0", (value) => value >= 0);
export const fraction = () => numberFlag("be a number in [0, 1)", (value) => value >= 0 && value < 1);
export const share = () => numberFlag("be a number in [0, 1]", (value) => value >= 0 && value <= 1);
export const count = () => numberFlag("be a whole number >= 1", (value) => Number.isSafeInteger(value) && value >= 1);
export const index = () => numberFlag("be a whole number >= 0", (value) => Number.isSafeInteger(value) && value >= 0);

/** Two numbers in [0, 1), as in 0.9,0.999. */
export function pairOfFractions() {
  return z.string().transform((text, context): readonly [number, number] => {
    const numbers = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
    const fits = numbers.length === 2 && numbers.every((value) => value >= 0 && value < 1);
    if (!fits) return refuse(context, `must be two numbers in [0, 1), as in 0.9,0.999, got "${text}"`);
    return [numbers[0], numbers[1]];
  });
}

/** One of the known names; the nearest is suggested. */
export function nameFlag<Name extends string>(names: readonly Name[]) {
  return z.string().transform((text, context): Name => {
    if ((names as readonly string[]).includes(text)) return text as Name;
    return refuse(context, `must be one of ${names.join(", ")}, got "${text}"`, suggestion(text, names));
  });
}

/** Some of the known names, separated by commas. */
export function nameList<Name extends string>(names: readonly Name[]) {
  return z.string().transform((text, context): readonly Name[] => {
    const parts = text.split(",").map((part) => part.trim());
    const unknown = parts.find((part) => !(names as readonly string[]).includes(part));
    if (unknown === undefined) return [...new Set(parts)] as Name[];
    return refuse(context, `must hold some of ${names.join(", ")}, got "${text}"`, suggestion(unknown, names));
  });
}

/** A number for which `holds`, or one of the known names. */
export function numberOrName<Name extends string>(
  must: string,
  holds: (value: number) => boolean,
  names: readonly Name[],
) {
  return z.string().transform((text, context): number | Name => {
    if ((names as readonly string[]).includes(text)) return text as Name;
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isFinite(value) && holds(value)) return value;
    return refuse(context, `must ${must} or one of ${names.join(", ")}, got "${text}"`, suggestion(text, names));
  });
}

/** `NAME` or `NAME:ARGUMENTS` with a known name, or a file with a known ending; `forms` says how they are written. */
export function specFlag(names: readonly string[], forms: string, endings: readonly string[] = []) {
  return z.string().transform((text, context): string => {
    const name = text.split(":")[0];
    if (names.includes(name) || endings.some((ending) => text.toLowerCase().endsWith(ending))) return text;
    return refuse(context, `must be ${forms}, got "${text}"`, suggestion(name, names));
  });
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Bytes: 1000000, 256MB, 1.5GiB; `none` says that 0 has a meaning. */
export function bytes({ none = false }: { readonly none?: boolean } = {}) {
  return z.string().transform((text, context): number => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
    const unit = match === null ? undefined : UNITS[match[2].toLowerCase()];
    if (match === null || unit === undefined || (Number(match[1]) === 0 && !none)) {
      return refuse(context, `must be a size like 256MB or 1GiB, got "${text}"`);
    }
    return Math.round(Number(match[1]) * unit);
  });
}

/** More than any training set has whose examples are named one by one. */
const MOST_INDICES = 10_000_000;

/** Lists that may be given in several flags or in one, with a separator. */
export function list(separator = ",") {
  return z
    .array(z.string())
    .transform((values) => values.flatMap((value) => value.split(separator)).map((part) => part.trim()));
}

/** `last` or a step. */
export function stepFlag() {
  return z.string().transform((text, context): number | "last" => {
    if (text === "last") return "last";
    return /^\d+$/.test(text) ? Number(text) : refuse(context, `must be last or a whole number >= 0, got "${text}"`);
  });
}

/** Steps separated by commas, each `last` or a whole number. */
export function stepList() {
  return z.string().transform((text, context): readonly (number | "last")[] =>
    text.split(",").map((part) => {
      const step = part.trim();
      if (step === "last") return "last";
      if (/^\d+$/.test(step)) return Number(step);
      return refuse(context, `must hold last or whole numbers >= 0, as in 0,100,last, got "${text}"`);
    }),
  );
}

/** Indices, as in 17,23,100-120; each once. */
export function indexList() {
  return z.string().transform((text, context): readonly number[] => {
    const indices = new Set<number>();
    for (const part of text.split(",")) {
      const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part.trim());
      const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
      if (match === null || last < first)
        return refuse(context, `must hold indices like 17,23 or 100-120, got "${text}"`);
      if (last - first >= MOST_INDICES)
        return refuse(context, `must name at most ${MOST_INDICES} indices, got "${text}"`);
      for (let index = first; index <= last; index++) indices.add(index);
    }
    return [...indices];
  });
}

/** A flag that must be there; `example` shows one. */
export function required<S extends z.ZodType>(schema: S, example: string) {
  return z.unknown().transform((value, context): z.output<S> => {
    if (value === undefined) return refuse(context, `must be given, as in ${example}`);
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) context.addIssue(issue as never);
    return z.NEVER;
  });
}

export const text = () => z.string();
export const toggle = () => z.boolean();

/** --weight-decay for weightDecay. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function usageErrorOf(name: string, issue: z.core.$ZodIssue): UsageError {
  return new UsageError(`${name} ${issue.message}`, issue.code === "custom" ? issue.params?.hint : undefined);
}

/** The flags of a command, checked; UsageError for one that does not fit, wrong ones before missing ones. */
export function parseFlags<Shape extends z.ZodRawShape>(shape: Shape, flags: Readonly<Record<string, unknown>>) {
  const result = z.object(shape).safeParse(flags);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues.find(({ path }) => flags[String(path[0])] !== undefined) ?? issues[0];
  throw usageErrorOf(flagName(String(issue.path[0])), issue);
}

/** One positional argument, checked. */
export function parseArgument<S extends z.ZodType>(name: string, schema: S, value: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw usageErrorOf(name, result.error.issues[0]);
}
