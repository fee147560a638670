// Names with options as users write them: "huber:1.5", "step:30,0.1", "cosine:warmup=10,min=1e-4".

/** What one option of a member may be. */
export interface NumberOption {
  /** Undefined where it must be given. */
  readonly fallback: number | undefined;
  readonly must: string;
  holds(value: number): boolean;
}

/** The options of a member, in the order in which they may be written without their names. */
export type NumberOptions<Key extends string> = Readonly<Record<Key, NumberOption>>;

const option = (must: string, holds: (value: number) => boolean) => (fallback?: number) => ({ fallback, must, holds });

/** Rules of options; the argument is the default, none where the option must be given. */
export const finitePositive = option("be a finite number > 0", (value) => value > 0 && value < Infinity);
export const finiteNonNegative = option("be a finite number >= 0", (value) => value >= 0 && value < Infinity);
export const openFraction = option("be a number in (0, 1)", (value) => value > 0 && value < 1);
export const halfOpenFraction = option("be a number in [0, 1)", (value) => value >= 0 && value < 1);
export const closedFraction = option("be a number in [0, 1]", (value) => value >= 0 && value <= 1);
export const positiveCount = option("be a whole number >= 1", (value) => Number.isSafeInteger(value) && value >= 1);
export const countFromZero = option("be a whole number >= 0", (value) => Number.isSafeInteger(value) && value >= 0);

/** "name:text" in two; the text is undefined where there is no colon. */
export function splitSpec(spec: string): readonly [name: string, text: string | undefined] {
  const colon = spec.indexOf(":");
  return colon < 0 ? [spec, undefined] : [spec.slice(0, colon), spec.slice(colon + 1)];
}

/** The numbers of "3,0.1" or "every=3,factor=0.1" by the names of their options. */
function numbersOf(what: string, text: string | undefined, keys: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [place, part] of (text === undefined ? [] : text.split(",")).entries()) {
    const [before, after] = part.split("=", 2).map((word) => word.trim());
    const [key, number] = after === undefined ? [keys[place], before] : [before, after];
    if (key === undefined || !keys.includes(key))
      throw new RangeError(`${what}: options must be among ${keys.join(", ") || "none"}, got "${part}"`);
    if (numbers.has(key)) throw new RangeError(`${what}: ${key} must be given once, got "${text}"`);
    numbers.set(key, number === "" ? Number.NaN : Number(number));
  }
  return numbers;
}

/**
 * The options that a text gives, in the order of `rules` or by name, and defaults for the rest. RangeError `what: ...` for an option that
 * is unknown, missing, given twice or out of range.
 */
export function optionsOfText<Key extends string>(
  what: string,
  text: string | undefined,
  rules: NumberOptions<Key>,
): Readonly<Record<Key, number>> {
  const given = numbersOf(what, text, Object.keys(rules));
  return checkedOptions(what, Object.fromEntries(given), rules);
}

/** The same of options that are numbers already. */
export function checkedOptions<Key extends string>(
  what: string,
  given: Readonly<Record<string, unknown>>,
  rules: NumberOptions<Key>,
): Readonly<Record<Key, number>> {
  const stray = Object.keys(given).find((key) => !Object.hasOwn(rules, key));
  if (stray !== undefined)
    throw new RangeError(`${what}: options must be among ${Object.keys(rules).join(", ") || "none"}, got ${stray}`);
  const resolved = Object.entries<NumberOption>(rules).map(([key, { fallback, must, holds }]) => {
    const value = given[key] ?? fallback;
    if (value === undefined) throw new RangeError(`${what}: ${key} must be given, got none`);
    if (typeof value === "number" && holds(value)) return [key, value];
    throw new RangeError(`${what}: ${key} must ${must}, got ${value}`);
  });
  return Object.fromEntries(resolved) as Record<Key, number>;
}
