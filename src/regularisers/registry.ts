// All regularisers by name, and as users write them: l2:0.01, l1:0.001, elastic:0.001,0.01, distance:0.1.

import { createDistance } from "./distance.ts";
import { createElastic } from "./elastic.ts";
import { createL1 } from "./l1.ts";
import { createL2 } from "./l2.ts";
import type { Regulariser } from "./types.ts";

interface Member {
  /** Names of its numbers, in the order in which they are written. */
  readonly numbers: readonly string[];
  readonly create: (...numbers: number[]) => Regulariser;
}

const LAMBDA = ["lambda"];

const MEMBERS: ReadonlyMap<string, Member> = new Map<string, Member>([
  ["l2", { numbers: LAMBDA, create: createL2 }],
  ["l1", { numbers: LAMBDA, create: createL1 }],
  ["elastic", { numbers: ["l1", "l2"], create: createElastic }],
  ["distance", { numbers: LAMBDA, create: createDistance }],
]);

export const regulariserNames: readonly string[] = [...MEMBERS.keys()];

/** "l2:LAMBDA", "elastic:L1,L2", ... */
export const regulariserForms: readonly string[] = [...MEMBERS].map(
  ([name, { numbers }]) => `${name}:${numbers.join(",").toUpperCase()}`,
);

function memberOf(name: string): Member {
  const member = MEMBERS.get(name);
  if (member) return member;
  throw new RangeError(`regulariser: name must be one of ${regulariserNames.join(", ")}, got ${name}`);
}

/** A name and the numbers of a regulariser, as they are recorded. */
interface Recorded {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean>>;
}

/**
 * A regulariser by its words, `l2:0.01`, or by its record; see `Regulariser`. RangeError for a name that is not known, or numbers that are
 * missing, too many or not > 0.
 */
export function createRegulariser(given: string | Recorded): Regulariser {
  if (typeof given !== "string") {
    const { numbers, create } = memberOf(given.name);
    const values = numbers.map((key) => given.options[key]);
    return create(...values.map((value) => (typeof value === "number" ? value : Number.NaN)));
  }
  const [name, text = "", ...more] = given.split(":");
  const { numbers, create } = memberOf(name);
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (more.length > 0 || values.length !== numbers.length || values.some(Number.isNaN))
    throw new RangeError(
      `regulariser: ${name} must be written ${name}:${numbers.join(",").toUpperCase()}, got ${given}`,
    );
  return create(...values);
}
