// `--figure FILE`: what is written, where, and what is refused before the work.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { figureFlag, requireFigure, writeFigure } from "../../src/cli/figure-file.ts";
import { FileError } from "../../src/errors.ts";
import { lines } from "../../src/figures/lines.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const figure = lines({
  title: "Loss",
  caption: "Of a run.",
  x: { label: "step", scale: "whole" },
  y: { label: "loss, of all examples" },
  series: [{ name: 'the "run"', x: [0, 1], y: [0.1 + 0.2, Number.NaN] }],
});

const temporary = useTemporaryFolder();
const notes: string[] = [];
const output = { note: (text: string) => void notes.push(text) };

describe("writeFigure(output, path, figure)", () => {
  it("writes SVG or PNG by the ending, and every number with all its digits beside it", async () => {
    const folder = temporary.at();
    for (const name of ["a.svg", "b.PNG"]) await writeFigure(output, join(folder, name), figure);
    const svg = readFileSync(join(folder, "a.svg"), "utf8");
    expect(svg).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg /);
    expect(svg).toContain(' width="800"');
    expect([...readFileSync(join(folder, "b.PNG")).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    const csv = 'step,"the ""run"""\n0,0.30000000000000004\n1,\n';
    expect(readFileSync(join(folder, "a.svg.csv"), "utf8")).toBe(csv);
    expect(readFileSync(join(folder, "b.PNG.csv"), "utf8")).toBe(csv);
    expect(notes[0]).toBe(`figure written to ${join(folder, "a.svg")}, its numbers to ${join(folder, "a.svg.csv")}`);
  });

  it("replaces what is there, and leaves both as they were where one cannot be written", async () => {
    const folder = temporary.at();
    const path = join(folder, "a.svg");
    writeFileSync(path, "old");
    mkdirSync(`${path}.csv`);
    await expect(writeFigure(output, path, figure)).rejects.toThrow(FileError);
    expect(readFileSync(path, "utf8")).toBe("old");
  });
});

describe("requireFigure(path)", () => {
  it("refuses before the work what could not be written after it", async () => {
    const folder = temporary.at();
    await expect(requireFigure(join(folder, "none/a.svg"))).rejects.toThrow(/the folder .* does not exist/);
    mkdirSync(join(folder, "b.svg.csv"));
    await expect(requireFigure(join(folder, "b.svg"))).rejects.toThrow(/it is a folder/);
    await expect(requireFigure(join(folder, "c.png"))).resolves.toBeUndefined();
    expect(existsSync(join(folder, "c.png"))).toBe(false);
  });
});

describe("figureFlag()", () => {
  it.each(["fig.svg", "a/b.PNG"])("takes %s", (path) => {
    expect(figureFlag().parse(path)).toBe(path);
  });

  it.each(["fig.pdf", "fig", ".svg", "a/.png", "svg"])("refuses %s in words", (path) => {
    const { error } = figureFlag().safeParse(path);
    expect(error?.issues[0].message).toBe(`must be a file that ends in .svg or .png, got "${path}"`);
  });
});
