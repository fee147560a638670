// The numbers of a regulariser, checked.

/** A finite number > 0; RangeError for any other. */
export function positive(what: string, value: number): number {
  if (value > 0 && value < Infinity) return value;
  throw new RangeError(`regulariser: ${what} must be a finite number > 0, got ${value}`);
}
