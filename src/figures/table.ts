// The rows behind a figure: what is drawn, as numbers, for those who read or compute rather than look.

/** A number with the text that shows it. */
export interface Amount {
  readonly value: number;
  readonly text: string;
}

export interface Table {
  /** Column heads; units in brackets where all cells of a column share one. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | Amount)[])[];
}

/** A number and how it is printed. */
export function amount(value: number, text: string): Amount {
  return { value, text };
}
