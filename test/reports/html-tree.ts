// Parses a report by the HTML standard (parse5), and finds what tests ask for in its tree.

import { type DefaultTreeAdapterTypes, type ParserError, parse } from "parse5";

export type Element = DefaultTreeAdapterTypes.Element;

export interface ParsedHtml {
  readonly root: DefaultTreeAdapterTypes.Document;
  /** Every error that the standard names. */
  readonly errors: readonly ParserError[];
}

export function parseHtml(html: string): ParsedHtml {
  const errors: ParserError[] = [];
  return { root: parse(html, { onParseError: (error) => errors.push(error), sourceCodeLocationInfo: true }), errors };
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
