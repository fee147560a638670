// Every figure against its golden file; a mismatch is written beside it as NAME-changed.svg, to be looked at.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { figures, switching } from "./cases/index.ts";
import { golden as explained } from "./cases.ts";

/** Every figure as it comes, and narrow ones of those that are laid out differently there. */
const golden: Readonly<Record<string, () => string>> = {
  ...explained,
  ...Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, () => figure().svg()])),
  ...Object.fromEntries(switching.map((name) => [`${name}-narrow`, () => figures[name]().svg({ width: 320 })])),
};

const FOLDER = fileURLToPath(new URL("./golden/", import.meta.url));

/** Places to a tenth of a pixel: what another platform's Math.log10 may do to a last digit is no change. Text stays as it is. */
function normalised(svg: string): string {
  const rounded = (tag: string): string => tag.replace(/-?\d+\.\d+/g, (n) => String(Number(Number(n).toFixed(1))));
  return svg.replace(/<[^>]*>/g, rounded).replaceAll("><", ">\n<");
}

/** Names of elements that are open where another ends, or that never end: none in well-formed XML. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [, end, name, single] of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>"]+="[^<>"]*")*(\/?)>/g)) {
    if (single) continue;
    if (!end) open.push(name);
    else if (open.pop() !== name) return [name];
  }
  return open;
}

describe("figures", () => {
  it.each(Object.keys(golden))("%s is what it was", (name) => {
    const svg = `${normalised(golden[name]())}\n`;
    const [path, changed] = [`${FOLDER}${name}.svg`, `${FOLDER}${name}-changed.svg`];
    const same = existsSync(path) && readFileSync(path, "utf8") === svg;
    if (same) rmSync(changed, { force: true });
    else writeFileSync(changed, svg);
    expect(same, `${name}.svg has changed: look at ${changed} and rename it if it is right`).toBe(true);
  });

  it("have no golden file without a figure", () => {
    const names = readdirSync(FOLDER).map((file) => file.replace(/(-changed)?\.svg$/, ""));
    expect(names.filter((name) => !(name in golden))).toEqual([]);
  });

  it.each(Object.keys(golden))("%s is well-formed, with a title, a description and no foreign file", (name) => {
    const svg = golden[name]();
    expect(unbalanced(svg)).toEqual([]);
    expect(svg.replace(/<\/?[a-z]+(?:\s[^<>"]+="[^<>"]*")*\/?>/g, "")).not.toMatch(/[<>]/);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" [^>]*><title>[^<]+<\/title><desc>[^<]+<\/desc>/);
    expect(svg.match(/(?:href|src)="(?!data:)/)).toBeNull();
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("find what is not well-formed", () => {
    expect(unbalanced("<g><a></g></a>")).toEqual(["g"]);
    expect(unbalanced("<g><a/>")).toEqual(["g"]);
  });
});
