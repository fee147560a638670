import { expect, it } from "vitest";
import { arrows } from "../../src/figures/arrows.ts";

const FIELD = {
  title: "Field",
  caption: "A field over points.",
  x: { label: "a" },
  y: { label: "b" },
  kinds: [{ name: "pull", x: [0], y: [0], dx: [1], dy: [1] }],
  points: [
    { name: "data", x: [0, 1, 2], y: [0, 1, 0] },
    { name: "samples", x: [1, Number.NaN], y: [0, 1] },
  ],
};

it("arrows names points in its key, draws those that are finite and lists them in its table", () => {
  const figure = arrows(FIELD);
  const [drawing, key] = figure.svg({ captioned: false }).split('<g class="pk-key">');
  for (const { name } of FIELD.points) expect(drawing + key).toContain(`>${name}</text>`);
  const marks = /aria-label="samples">.*?d="([^"]*)"/.exec(drawing + key)?.[1] ?? "";
  expect(marks.split("M").length - 1).toBe(1);
  expect(figure.table.rows).toHaveLength(6);
});

it("arrows refuses points with other numbers of x and y", () => {
  expect(() => arrows({ ...FIELD, points: [{ name: "data", x: [0, 1], y: [0] }] })).toThrow(
    "arrows: data must have as many x as y, got 2 and 1",
  );
});
