// Colour ramps of heat maps: values to colours whose lightness alone tells them apart.

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** From 0 to 1 a colour each. */
export type Ramp = (t: number) => Rgb;

/**
 * Cividis (Nunez, Anderton and Renslow 2018): dark blue to yellow, alike for all colour vision and even in lightness. The
 * polynomial of d3-scale-chromatic's `interpolateCividis` (ISC), within 13 levels of 255 of the published table.
 */
export const cividis: Ramp = (t) => {
  const level = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
  return [
    level(-4.54 - t * (35.34 - t * (2381.73 - t * (6402.7 - t * (7024.72 - t * 2710.57))))),
    level(32.49 + t * (170.73 + t * (52.82 - t * (131.46 - t * (176.58 - t * 67.37))))),
    level(81.24 + t * (442.36 - t * (2482.43 - t * (6167.24 - t * (6614.94 - t * 2475.67))))),
  ];
};

/** Amber to grey to dark blue. */
const SIGNED: readonly Rgb[] = [
  [255, 200, 90],
  [226, 165, 85],
  [150, 150, 150],
  [52, 108, 168],
  [0, 36, 84],
];

/**
 * The signed pair around grey at t = 1/2: orange below zero, blue above it, and darker all the way from the one end to the
 * other, so that the sign is also there without colour.
 */
export const signedRamp: Ramp = (t) => between(SIGNED, t);

function between(stops: readonly Rgb[], t: number): Rgb {
  const place = Math.max(0, Math.min(1, t)) * (stops.length - 1);
  const k = Math.min(stops.length - 2, Math.floor(place));
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(stops[k][channel] + (place - k) * (stops[k + 1][channel] - stops[k][channel]));
  return [mix(0), mix(1), mix(2)];
}

/** Relative luminance of WCAG 2, 0 to 1. */
export function luminance([r, g, b]: Rgb): number {
  const linear = (level: number): number =>
    level <= 10 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}
