// Draws digits and letters from fonts into src/data/printed/printed.npz, as MNIST's digits lie in their frames (`npm run printed`).
//
// The convention is LeCun's (http://yann.lecun.com/exdb/mnist): white on black, scaled to fit 20 x 20 with its proportions kept, moved by
// whole pixels until the centre of mass is that of 28 x 28. `-- --sheet FILE.png` draws them all on one sheet instead of writing.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Resvg } from "@resvg/resvg-js";
import { encode } from "fast-png";
import { encodeNpz } from "../src/numeric/npz.ts";
import { families } from "./printed-faces.ts";

/** What is used here of opentype.js, which carries no types. */
interface Font {
  charToGlyph(character: string): {
    readonly index: number;
    getPath(
      x: number,
      y: number,
      size: number,
    ): {
      toPathData(options: { decimalPlaces: number; flipY: boolean }): string;
      getBoundingBox(): { x1: number; y1: number; x2: number; y2: number };
    };
  };
}

const require = createRequire(import.meta.url);
const { parse } = require("opentype.js") as { parse(bytes: ArrayBuffer): Font };

const SIDE = 28;
const BOX = 20;

/** Pixels are the means of so many by so many finer ones. */
const FINER = 8;

const DIGITS = "0123456789";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const TARGET = fileURLToPath(new URL("../src/data/printed/printed.npz", import.meta.url));

function fontOf(file: string): Font {
  const bytes = readFileSync(require.resolve(file));
  return parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);
}

/** The glyph in the middle of its frame by its outline, its larger side BOX pixels; one byte a pixel. */
function drawn(font: Font, character: string): Uint8Array {
  const glyph = font.charToGlyph(character);
  if (glyph.index === 0) throw new Error(`${character} must be in the font, got none`);
  const path = glyph.getPath(0, 0, 1000);
  const { x1, y1, x2, y2 } = path.getBoundingBox();
  const scale = (FINER * BOX) / Math.max(x2 - x1, y2 - y1);
  const middle = (FINER * SIDE) / 2;
  const place = `translate(${middle} ${middle}) scale(${scale}) translate(${-(x1 + x2) / 2} ${-(y1 + y2) / 2})`;
  const size = FINER * SIDE;
  const outline = path.toPathData({ decimalPlaces: 3, flipY: false });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="${size}" height="${size}"/><path fill="#fff" transform="${place}" d="${outline}"/></svg>`;
  const fine = new Resvg(svg).render().pixels;
  const pixels = new Uint8Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      let sum = 0;
      for (let r = 0; r < FINER; r++) {
        for (let c = 0; c < FINER; c++) sum += fine[4 * ((FINER * row + r) * size + FINER * column + c)];
      }
      pixels[row * SIDE + column] = Math.round(sum / (FINER * FINER));
    }
  }
  return pixels;
}

/** Moved by whole pixels so that the centre of mass is within half a pixel of the frame's; ink stays in the frame. */
function centred(pixels: Uint8Array): Uint8Array {
  let [mass, rows, columns] = [0, 0, 0];
  let [top, bottom, left, right] = [SIDE, -1, SIDE, -1];
  pixels.forEach((ink, i) => {
    if (ink === 0) return;
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    mass += ink;
    rows += ink * row;
    columns += ink * column;
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
  });
  const within = (shift: number, low: number, high: number) => Math.min(Math.max(shift, -low), SIDE - 1 - high);
  const down = within(Math.round((SIDE - 1) / 2 - rows / mass), top, bottom);
  const across = within(Math.round((SIDE - 1) / 2 - columns / mass), left, right);
  const moved = new Uint8Array(SIDE * SIDE);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++)
      moved[(row + down) * SIDE + column + across] = pixels[row * SIDE + column];
  }
  return moved;
}

/** (faces x characters, 28, 28): all characters of the first face, then of the second. */
function rendered(fonts: readonly Font[], characters: string): Uint8Array {
  const images = fonts.flatMap((font) => [...characters].map((character) => centred(drawn(font, character))));
  const all = new Uint8Array(images.length * SIDE * SIDE);
  images.forEach((image, i) => {
    all.set(image, i * SIDE * SIDE);
  });
  return all;
}

/** One row a face, its digits and then its letters. */
function sheetOf(digits: Uint8Array, letters: Uint8Array, faces: number): Uint8Array {
  const across = DIGITS.length + LETTERS.length;
  const data = new Uint8Array(faces * across * SIDE * SIDE);
  const paste = (image: Uint8Array, face: number, k: number): void => {
    for (let row = 0; row < SIDE; row++) {
      data.set(image.subarray(row * SIDE, (row + 1) * SIDE), ((face * SIDE + row) * across + k) * SIDE);
    }
  };
  for (let face = 0; face < faces; face++) {
    for (const [images, width, start] of [
      [digits, DIGITS.length, 0],
      [letters, LETTERS.length, DIGITS.length],
    ] as const) {
      for (let k = 0; k < width; k++) {
        const at = (face * width + k) * SIDE * SIDE;
        paste(images.subarray(at, at + SIDE * SIDE), face, start + k);
      }
    }
  }
  return encode({ width: across * SIDE, height: faces * SIDE, data, channels: 1, depth: 8 });
}

const { values } = parseArgs({ options: { sheet: { type: "string" } } });
const filesOf = (part: "train" | "test") => families[part].flatMap(({ files }) => files);
const files = [...filesOf("train"), ...filesOf("test")];
const fonts = files.map(fontOf);
const [digits, letters] = [rendered(fonts, DIGITS), rendered(fonts, LETTERS)];
if (values.sheet === undefined) {
  const shaped = (data: Uint8Array) => ({
    dtype: "uint8" as const,
    shape: [data.length / SIDE ** 2, SIDE, SIDE],
    data,
  });
  // How many faces, from the first, are the training part.
  const trainFaces = { dtype: "int32" as const, shape: [1], data: Int32Array.of(filesOf("train").length) };
  writeFileSync(TARGET, encodeNpz({ digits: shaped(digits), letters: shaped(letters), trainFaces }));
} else {
  writeFileSync(values.sheet, sheetOf(digits, letters, files.length));
}
console.log(`${files.length} faces, ${filesOf("train").length} of them for training`);
