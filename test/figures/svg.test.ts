// Markup written as text: escaping, and text that fits.

import { describe, expect, it } from "vitest";
import { element, escapeText, fitted, textAt, widthOf, wrapped } from "../../src/figures/svg.ts";

describe("element(name, attributes, ...children)", () => {
  it("escapes attributes, leaves undefined ones out and keeps numbers to a hundredth", () => {
    expect(element("rect", { x: 1 / 3, class: 'a"b', fill: undefined })).toBe('<rect x="0.33" class="a&quot;b"/>');
    expect(element("g", {}, "<b/>", "")).toBe("<g><b/></g>");
  });

  it("never lets text become markup", () => {
    expect(textAt(0, 1, "</text><script>")).toBe('<text x="0" y="1">&lt;/text&gt;&lt;script&gt;</text>');
    expect(escapeText("a & 'b'")).toBe("a &amp; &#39;b&#39;");
  });

  it("replaces characters that XML forbids", () => {
    expect(escapeText("a\u0000b\u0007c\td")).toBe("a\ufffdb\ufffdc\td");
  });
});

describe("text in a given room", () => {
  it("is cut with an ellipsis only where it is too wide", () => {
    expect(fitted("short", 100, 12)).toBe("short");
    const cut = fitted("a name that does not fit", 60, 12);
    expect(cut).toMatch(/^a name.*…$/);
    expect(widthOf(cut, 12)).toBeLessThanOrEqual(60);
  });

  it("is broken at spaces, and no word is lost", () => {
    const text = "the line is the tolerance for one step";
    const lines = wrapped(text, 90, 12);
    expect(lines.join(" ")).toBe(text);
    expect(lines.every((line) => widthOf(line, 12) <= 90)).toBe(true);
    expect(lines.length).toBeGreaterThan(2);
  });
});
