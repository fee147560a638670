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

/** The table as CSV (RFC 4180, line feeds): numbers with all their digits, nothing for those that are not finite. */
export function tableCsv({ columns, rows }: Table): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const written = (cell: string | Amount): string => {
    if (typeof cell === "string") return quoted(cell);
    return Number.isFinite(cell.value) ? String(cell.value) : "";
  };
  return [columns.map(quoted), ...rows.map((row) => row.map(written))].map((line) => `${line.join(",")}\n`).join("");
}
