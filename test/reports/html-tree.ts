// Parses a report by the HTML standard (parse5), and finds what tests ask for in its tree.

import { type DefaultTreeAdapterTypes, parse } from "parse5";

export type Element = DefaultTreeAdapterTypes.Element;

export interface ParsedHtml {
  readonly root: DefaultTreeAdapterTypes.Document;
  /** What the standard forbids, and what parsers mend in silence: elements that never end, end tags without an element. */
  readonly errors: readonly string[];
}

const VOID: readonly string[] = ["meta", "img", "link", "br", "hr", "input"];

export function parseHtml(html: string): ParsedHtml {
  const errors: string[] = [];
  const root = parse(html, { onParseError: ({ code }) => errors.push(code), sourceCodeLocationInfo: true });
  let ends = 0;
  for (const { tagName, sourceCodeLocation: place } of all(root, "*")) {
    if (!place) errors.push(`${tagName} is not in the source`);
    else if (place.endTag) ends += 1;
    else if (!VOID.includes(tagName) && !html.slice(0, place.startTag?.endOffset).endsWith("/>")) {
      errors.push(`${tagName} never ends`);
    }
  }
  const written = html.split("</").length - 1;
  if (written !== ends) errors.push(`${written} end tags for ${ends} elements`);
  return { root, errors };
}

/** Elements of that name below a node, in the order of the document. */
export function all(node: DefaultTreeAdapterTypes.ParentNode, name: string): Element[] {
  return node.childNodes.flatMap((child) => {
    if (!("tagName" in child)) return [];
    return [...(child.tagName === name || name === "*" ? [child] : []), ...all(child, name)];
  });
}

export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((one) => one.name === name)?.value;
}

export function textOf(node: DefaultTreeAdapterTypes.ChildNode): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}

/** Rows of the body of a table: exact values of numbers, text of all else. */
export function rowsOf(table: Element): (string | number)[][] {
  return all(all(table, "tbody")[0], "tr").map((row) =>
    row.childNodes
      .filter((cell): cell is Element => "tagName" in cell)
      .map((cell) => {
        const [data] = all(cell, "data");
        return data ? Number(attribute(data, "value")) : textOf(cell);
      }),
  );
}
