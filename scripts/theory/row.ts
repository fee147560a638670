// What one row of the table of docs/theory.md is: a statement of the sources, what implements it, what tests it, what was measured.

export interface TheoryRow {
  /** Of the sources' rows, "001-14". */
  readonly id: string;
  /** In a few words, with its equation where there is one. */
  readonly statement: string;
  /** Public names that implement it, "explain, tangentKernel". */
  readonly by: string;
  /** File below test/ that tests it; a command or a page where that is what shows it. */
  readonly test: string;
  /** Where it holds, where it fails; nothing where it holds as it stands. */
  readonly holds?: string;
  /** The measured number with its unit or its bound, "slope 1.02 (left), 4.1 (gauss2)"; absent where there is nothing to measure. */
  readonly measure?: () => Promise<string> | string;
  /** The number of a published result, which stands in the table where there is no measure. */
  readonly published?: string;
  /** Takes a second at most: measured in the tests too. */
  readonly quick?: boolean;
}
