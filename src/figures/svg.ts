// Writes SVG as text: elements with escaped attributes, and text that fits its room.

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Characters that no XML document may hold; a label read from a file may. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made safe inside elements and quoted attributes of XML and HTML. */
export function escapeText(text: string): string {
  return text.replace(FORBIDDEN, "\ufffd").replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

// A hundredth of a pixel is below what any screen shows, and keeps files equal across platforms.
const written = (value: string | number): string =>
  typeof value === "number" ? String(Math.round(value * 100) / 100) : escapeText(value);

/** One element; `children` are markup and go in as they are, attributes are escaped, undefined ones left out. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${written(value as string | number)}"`)
    .join("");
  return children.length === 0 ? `<${name}${list}/>` : `<${name}${list}>${children.join("")}</${name}>`;
}

/** A line of text at a baseline. */
export function textAt(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escapeText(text));
}

/** A group moved by (x, y). */
export function moved(x: number, y: number, ...children: readonly string[]): string {
  return element("g", { transform: `translate(${written(x)},${written(y)})` }, ...children);
}

/** Mean advance of a character in sans-serif text, in font sizes; digits of the usual fonts are 0.55 to 0.58. */
const ADVANCE = 0.56;

/** How wide `text` will be, about, in pixels. */
export function widthOf(text: string, fontSize: number): number {
  return [...text].length * ADVANCE * fontSize;
}

/** `text`, or its beginning and an ellipsis where it would be wider than `width`. */
export function fitted(text: string, width: number, fontSize: number): string {
  const room = Math.max(1, Math.floor(width / (ADVANCE * fontSize)));
  const characters = [...text];
  return characters.length <= room ? text : `${characters.slice(0, Math.max(1, room - 1)).join("")}…`;
}

/** `text` in lines of at most `width`, broken at spaces. */
export function wrapped(text: string, width: number, fontSize: number): string[] {
  const lines: string[] = [];
  // A number and its % stay together.
  for (const word of text.split(/ (?!%)/)) {
    const longer = lines.length === 0 ? word : `${lines[lines.length - 1]} ${word}`;
    if (lines.length > 0 && widthOf(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
