// Numbers, shares, intervals, sizes, times, tables and bars as people read them: one style for all commands.

/** Digits after the point that show about five significant ones of the largest of `values`. */
export function decimalsFor(values: readonly number[]): number {
  const largest = Math.max(...values.map(Math.abs).filter(Number.isFinite), 0);
  if (largest === 0) return 1;
  return Math.max(0, Math.min(12, 4 - Math.floor(Math.log10(largest))));
}

/** "+1.2345", "-0.0310": always signed. */
export function signed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return String(value);
  return `${value < 0 || Object.is(value, -0) ? "-" : "+"}${Math.abs(value).toFixed(decimals)}`;
}

/** "3.2e-7": for what should be next to nothing. */
export function tiny(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}

/** "12,345". */
export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

/** "1.5 MB". */
export function formatBytes(size: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let rest = size;
  for (; rest >= 1000 && unit < units.length - 1; unit++) rest /= 1000;
  return `${unit === 0 ? rest : rest.toPrecision(rest < 100 ? 2 : 3)} ${units[unit]}`;
}

/** "0.4 s", "12 s", "2 min 5 s", "3 h 2 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** What stands where there is no number. */
export const NONE = "-";

/** "3.4 %" of 0.034; `digits` after the point: 0 for shares of a few, 2 for errors and accuracies of many. */
export function percent(share: number | undefined, digits = 1): string {
  return share === undefined || Number.isNaN(share) ? NONE : `${(100 * share).toFixed(digits)} %`;
}

/** "0.58 %" of 0.0058: two digits that count, for shares that may be next to nothing. */
export function finePercent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

/** "0.912 to 0.955": an interval with as many digits after the point; "-" where there is none. */
export function interval(low: number, high: number, digits = 3): string {
  return Number.isNaN(low) || Number.isNaN(high) ? NONE : `${low.toFixed(digits)} to ${high.toFixed(digits)}`;
}

/** "3.1 to 5.6 %" of shares. */
export function percentInterval(low: number, high: number): string {
  const text = interval(100 * low, 100 * high, 1);
  return text === NONE ? NONE : `${text} %`;
}

/** "1.23 GFLOP". */
export function formatFlops(count: number): string {
  return `${(count / 1e9).toPrecision(3)} GFLOP`;
}

const EIGHTHS = " ▏▎▍▌▋▊▉";

/** A bar of `share` of `width` cells, to an eighth of a cell. */
export function barRight(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  const rest = eighths % 8;
  return "█".repeat(Math.floor(eighths / 8)) + (rest === 0 ? "" : EIGHTHS[rest]);
}

/** The same bar growing to the left, padded to `width`; there are only half cells to that side. */
export function barLeft(share: number, width: number): string {
  const halves = Math.round(Math.max(0, Math.min(1, share)) * width * 2);
  return ((halves % 2 === 1 ? "▐" : "") + "█".repeat(Math.floor(halves / 2))).padStart(width);
}

/** Lines "name   value", values in one column. */
export function table(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join("\n");
}

/** Width of each column of rows of cells. */
export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  return rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
}

/** Lines of cells in columns, two blanks between them: the first to the left, others to the right but for those of `left`. */
export function columns(rows: readonly (readonly string[])[], left: readonly number[] = []): string[] {
  const widths = columnWidths(rows);
  return rows.map((row) =>
    row
      .map((cell, c) => (c === 0 || left.includes(c) ? cell.padEnd(widths[c]) : cell.padStart(widths[c])))
      .join("  ")
      .trimEnd(),
  );
}

/** Words in lines of at most `width` characters, as long as no word is longer; those after the first indented. */
export function wrapWords(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
