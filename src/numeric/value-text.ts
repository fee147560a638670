// A value of a file or of a caller as the short text that a message shows.

/** The value as JSON, cut to `most` characters; what JSON has no text for, or is nested too deeply, is named by its type. */
export function valueText(value: unknown, most = 80): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = Array.isArray(value) ? "a deeply nested list" : `a deeply nested ${typeof value}`;
  }
  return text.length <= most ? text : `${text.slice(0, most)}...`;
}
