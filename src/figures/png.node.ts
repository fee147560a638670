// SVG figures as PNG, by resvg with fonts of our own, so that text is the same on every machine and is there on bare ones.

import { fileURLToPath } from "node:url";
import { UnsupportedError } from "../errors.ts";

const FAMILY = "DejaVu Sans Condensed";
const FONTS = ["DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Bold.ttf"].map((name) =>
  fileURLToPath(new URL(`./fonts/${name}`, import.meta.url)),
);

/** Scripts that the fonts above lack (they have Latin, Greek, Cyrillic, Arabic, signs): from CJK on. */
const FOREIGN = /[\u2e80-\ud7ff\uf900-\ufaff\u{1f000}-\u{3ffff}]/u;

export interface PngOptions {
  /** Pixels of the PNG for one of the SVG: 1, 2 for dense screens and print. Default 2. */
  readonly scale?: number;
}

/**
 * An SVG figure as the bytes of a PNG. Cost: about 0.1 s, or more where a label needs the system's fonts.
 *
 * UnsupportedError where the optional package `@resvg/resvg-js` is not installed.
 */
export async function renderPng(svg: string, { scale = 2 }: PngOptions = {}): Promise<Uint8Array> {
  if (!(scale >= 0.5 && scale <= 8)) throw new RangeError(`renderPng: scale must be in 0.5..8, got ${scale}`);
  const { Resvg } = await loadPngRenderer();
  const picture = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    // Nearest: pixels of pictures stay squares, which resvg does not read from `image-rendering: pixelated`.
    imageRendering: 1,
    font: {
      fontFiles: FONTS,
      loadSystemFonts: FOREIGN.test(svg),
      defaultFontFamily: FAMILY,
      sansSerifFamily: FAMILY,
    },
  });
  return Uint8Array.from(picture.render().asPng());
}

/** The renderer; UnsupportedError where it is not installed. */
export async function loadPngRenderer(): Promise<typeof import("@resvg/resvg-js")> {
  try {
    return await import("@resvg/resvg-js");
  } catch (cause) {
    throw new UnsupportedError("cannot draw a PNG: the optional package @resvg/resvg-js is missing", {
      hint: "npm install @resvg/resvg-js, or write an .svg file",
      cause,
    });
  }
}
