// The colours of all figures: signed pairs safe for every colour vision (Okabe and Ito 2008), named so that a page can retheme them.

import type { Attributes } from "./svg.ts";

/**
 * Light colours, at least 3:1 on white for marks and 4.5:1 for text. They are attributes of the drawing, so that a file shows
 * alike everywhere; a page that draws it inline overrides them by class: `.pk-toward { fill: ... }`.
 */
export const lightColours = {
  /** Okabe-Ito blue: what pulled toward. */
  toward: "#0072b2",
  /** Okabe-Ito vermillion, the orange that keeps 3:1 on white: what pulled away. */
  away: "#d55e00",
  /** Prior, output, terms. */
  neutral: "#595959",
  /** Gross: what cancels. */
  pale: "#8c8c8c",
  grid: "#dddddd",
  axis: "#8c8c8c",
  muted: "#595959",
  text: "#1a1d21",
  /** What a figure that stands alone is drawn on. */
  ground: "#ffffff",
  // Classes and series: the eight hues of Okabe and Ito, those that are lighter than 3:1 on white darkened.
  "class-0": "#0072b2",
  "class-1": "#d55e00",
  "class-2": "#008f68",
  "class-3": "#b8628f",
  "class-4": "#1a1d21",
  "class-5": "#a87000",
  "class-6": "#3d8fc9",
  "class-7": "#8a7d00",
} as const;

/** The same on a dark page (#15181c): sky blue and orange of the same palette. */
export const darkColours: Readonly<Record<keyof typeof lightColours, string>> = {
  toward: "#56b4e9",
  away: "#e69f00",
  neutral: "#b4b4b4",
  pale: "#8f8f8f",
  grid: "#363b42",
  axis: "#7f858c",
  muted: "#b0b6bd",
  text: "#e8eaed",
  ground: "#15181c",
  "class-0": "#2f8fd0",
  "class-1": "#d55e00",
  "class-2": "#009e73",
  "class-3": "#cc79a7",
  "class-4": "#e8eaed",
  "class-5": "#e69f00",
  "class-6": "#56b4e9",
  "class-7": "#f0e442",
};

/** Classes that can be told apart by colour. */
export const MAX_CLASSES = 8;
/** Of more classes than that only so many are coloured, the others are grey. */
export const MAX_HIGHLIGHTS = 6;

/** The colour of class or series `k` of `count`; of many only the highlighted ones (default: the first) have one. */
export function classColour(k: number, count: number, highlight?: readonly number[]): Colour {
  if (highlight === undefined && count <= MAX_CLASSES) return `class-${k}` as Colour;
  const place = (highlight ?? [0, 1, 2, 3, 4, 5]).slice(0, MAX_HIGHLIGHTS).indexOf(k);
  return place < 0 ? "pale" : (`class-${place}` as Colour);
}

export type Colour = keyof typeof lightColours;

/** Fills with a named colour. */
export function filled(colour: Colour): Attributes {
  return { class: `pk-${colour}`, fill: lightColours[colour] };
}

/** Strokes with a named colour. */
export function stroked(colour: Colour, width = 1): Attributes {
  return { class: `pk-${colour}-line`, stroke: lightColours[colour], "stroke-width": width, fill: "none" };
}

/** The colour of a signed number. */
export function signColour(value: number): Colour {
  return value < 0 ? "away" : "toward";
}

/** ▲ or ▼: the sign in a form that needs no colour. */
export function signGlyph(value: number): string {
  if (value === 0) return "";
  return value < 0 ? "\u25bc" : "\u25b2";
}
