// `npm run figures -- [FOLDER] [--only WORD] [--width N]`: every figure of the tests as SVG and PNG, and a page and a sheet with all of them.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PNG } from "pngjs";
import { renderPng } from "../src/figures/png.node.ts";
import { escapeText } from "../src/figures/svg.ts";
import { figures } from "../test/figures/cases/index.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { only: { type: "string", default: "" }, width: { type: "string", default: "" }, grey: { type: "boolean" } },
});
const folder = positionals[0] ?? ".cache/figures";
mkdirSync(folder, { recursive: true });

/** The same picture without colour. */
function grey(bytes: Uint8Array): Uint8Array {
  const png = PNG.sync.read(Buffer.from(bytes));
  for (let k = 0; k < png.data.length; k += 4) {
    const level = Math.round(0.2126 * png.data[k] + 0.7152 * png.data[k + 1] + 0.0722 * png.data[k + 2]);
    png.data.fill(level, k, k + 3);
  }
  return PNG.sync.write(png);
}

/** Pictures in rows, as few sheets as can be looked at. */
function writeSheets(pictures: readonly PNG[], columns: number, name: string): void {
  for (let start = 0, page = 0; start < pictures.length; start += 2 * columns, page++) {
    const rows = [pictures.slice(start, start + columns), pictures.slice(start + columns, start + 2 * columns)];
    const heights = rows.map((row) => Math.max(0, ...row.map(({ height }) => height)));
    const cell = Math.max(...pictures.map(({ width }) => width)) + 8;
    const sheet = new PNG({ width: cell * columns, height: heights[0] + heights[1] + 8, fill: true });
    sheet.data.fill(160);
    rows.forEach((row, k) => {
      row.forEach((one, c) => {
        PNG.bitblt(one, sheet, 0, 0, one.width, one.height, c * cell, k * (heights[0] + 8));
      });
    });
    writeFileSync(join(folder, `contact-${name}-${page}.png`), PNG.sync.write(sheet));
  }
}

const widths = values.width === "" ? [800, 320] : [Number(values.width)];
const names = Object.keys(figures).filter((name) => name.includes(values.only));
const sections: string[] = [];
const pictures = widths.map((): PNG[] => []);
for (const name of names) {
  const figure = figures[name]();
  const drawn = widths.map((width) => ({ file: `${name}-${width}`, svg: figure.svg({ width }) }));
  for (const [k, { file, svg }] of drawn.entries()) {
    writeFileSync(join(folder, `${file}.svg`), svg);
    const bytes = await renderPng(svg, { scale: 1 });
    const png = values.grey ? grey(bytes) : bytes;
    writeFileSync(join(folder, `${file}.png`), png);
    pictures[k].push(PNG.sync.read(Buffer.from(png)));
  }
  const cells = (row: readonly (string | { readonly text: string })[], tag: string): string =>
    `<tr>${row.map((cell) => `<${tag}>${escapeText(typeof cell === "string" ? cell : cell.text)}</${tag}>`).join("")}</tr>`;
  const { columns, rows } = figure.table;
  const table = `<table>${cells(columns, "th")}${rows
    .slice(0, 200)
    .map((row) => cells(row, "td"))
    .join("")}</table>`;
  const details = `<details><summary>${rows.length} rows</summary>${table}</details>`;
  sections.push(`<section><h2>${name}</h2>${drawn.map(({ svg }) => svg).join("\n")}${details}</section>`);
}
widths.forEach((width, k) => {
  writeSheets(pictures[k], width > 500 ? 2 : 5, String(width));
});
const style =
  "body{font:14px system-ui,sans-serif;margin:20px}svg{margin:8px;border:1px solid #ddd}td,th{padding:2px 8px;text-align:left}";
const page = `<!doctype html><meta charset="utf-8"><title>Figures</title><style>${style}</style>${sections.join("\n")}\n`;
writeFileSync(join(folder, "gallery.html"), page);
console.log(`${names.length} figures in ${folder}/gallery.html`);
