// The last published results of all experiments, as docs/laboratory/results.json holds them.

import type { SizeName } from "./types.ts";

/** What the index of docs/laboratory knows of one experiment. */
export interface Published {
  readonly id: string;
  readonly verdict: string;
  /** The number that the verdict rests on, in words. */
  readonly number: string;
  readonly size: SizeName;
  readonly seeds: number;
  /** Wall time of the run whose page this is. */
  readonly seconds: number;
  /** Processor, Node and date of that run. */
  readonly machine: string;
}

const isPublished = (value: unknown): value is Published =>
  typeof value === "object" && value !== null && "id" in value && "verdict" in value && "number" in value;

/** The entries of that file; none for text that is something else. */
export function publishedFrom(text: string): readonly Published[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isPublished) : [];
  } catch {
    return [];
  }
}
