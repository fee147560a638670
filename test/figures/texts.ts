// The texts of an SVG with the places that they take, read from its markup: what a browser would be asked for.

import { widthOf } from "../../src/figures/svg.ts";

export interface PlacedText {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

interface Context {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly anchor: string;
}

const attribute = (tag: string, name: string): string | undefined => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1];

/** Inherits moves, font sizes and anchors from the groups around. */
function entered(tag: string, context: Context): Context {
  const [, dx = "0", dy = "0"] = /translate\(([-\d.]+),([-\d.]+)\)/.exec(attribute(tag, "transform") ?? "") ?? [];
  return {
    x: context.x + Number(dx),
    y: context.y + Number(dy),
    size: Number(attribute(tag, "font-size") ?? context.size),
    anchor: attribute(tag, "text-anchor") ?? context.anchor,
  };
}

const decoded = (text: string): string =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

export function textsOf(svg: string): PlacedText[] {
  const stack: Context[] = [];
  let context: Context = { x: 0, y: 0, size: 12, anchor: "start" };
  const found: PlacedText[] = [];
  for (const match of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>"]+="[^<>"]*")*(\/?)>/g)) {
    const [tag, end, name, single] = match;
    if (end) {
      context = stack.pop()!;
      continue;
    }
    if (single) continue;
    stack.push(context);
    const inner = entered(tag, context);
    if (name === "text") {
      const start = match.index + tag.length;
      const text = decoded(svg.slice(start, svg.indexOf("</text>", start)).replace(/<[^>]*>/g, ""));
      const width = widthOf(text, inner.size);
      const x = inner.x + Number(attribute(tag, "x") ?? 0);
      const left = inner.anchor === "middle" ? x - width / 2 : inner.anchor === "end" ? x - width : x;
      found.push({ text, left, right: left + width, y: inner.y + Number(attribute(tag, "y") ?? 0) });
    }
    context = inner;
  }
  return found;
}
