// Values to colours: a ramp over a domain, and the bar that explains it.

import { extentOf } from "./extent.ts";
import { formatNumber } from "./format.ts";
import { SMALL_FONT } from "./frame.ts";
import { pictureFrom } from "./image.ts";
import { filled, stroked } from "./palette.ts";
import { cividis, type Ramp, type Rgb, signedRamp } from "./ramp.ts";
import { element, fitted, textAt, widthOf } from "./svg.ts";

/** `similarity`: cividis from least to largest. `signed`: orange below zero, blue above, as far on both sides. */
export type ColourPalette = "similarity" | "signed";

export interface ColourScale {
  readonly domain: readonly [number, number];
  /** Undefined for a value that is not finite. */
  readonly colour: (value: number) => Rgb | undefined;
  readonly palette: ColourPalette;
  readonly ramp: Ramp;
}

/** The scale over some values, or over a domain that several figures share. RangeError for a domain that is none. */
export function colourScaleOf(
  values: readonly ArrayLike<number>[],
  { palette = "similarity", domain }: { palette?: ColourPalette; domain?: readonly [number, number] | undefined } = {},
): ColourScale {
  if (domain && !(domain[0] < domain[1] && Number.isFinite(domain[1] - domain[0])))
    throw new RangeError(`figure: domain of colours must go from low to high, got [${domain[0]}, ${domain[1]}]`);
  const ramp = palette === "signed" ? signedRamp : cividis;
  const [low, high] = domain ?? usual(values, palette);
  return {
    domain: [low, high],
    palette,
    ramp,
    colour: (value) =>
      Number.isFinite(value) ? ramp(Math.max(0, Math.min(1, (value - low) / (high - low)))) : undefined,
  };
}

function usual(values: readonly ArrayLike<number>[], palette: ColourPalette): readonly [number, number] {
  const [low, high] = extentOf(values) ?? [0, 0];
  if (palette === "signed") {
    const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return [-size, size];
  }
  if (low < high) return [low, high];
  return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
}

const BAR = { width: 110, height: 10 };
/** Pixels that the bar takes above a figure. */
export const BAR_ROOM = 24;

/** "cosine similarity −0.1 [bar] 1.0", from the left edge; shorter where there is little room. */
export function colourBar({ domain, ramp, palette }: ColourScale, quantity: string, width: number): string[] {
  const small = { ...filled("muted"), "font-size": SMALL_FONT };
  const [low, high] = domain.map((value) => formatNumber(value));
  const numbers = widthOf(low, SMALL_FONT) + widthOf(high, SMALL_FONT) + 18;
  const label = fitted(quantity, Math.max(20, width - numbers - 30), SMALL_FONT);
  const length = Math.round(Math.max(30, Math.min(BAR.width, width - numbers - widthOf(label, SMALL_FONT))));
  const data = Uint8Array.from(Array.from({ length }, (_, k) => ramp(k / (length - 1))).flat());
  const { uri } = pictureFrom({ width: length, height: 1, channels: 3, data });
  const start = widthOf(label, SMALL_FONT) + 10 + widthOf(low, SMALL_FONT) + 4;
  const box = { x: start, y: 2, width: length, height: BAR.height };
  const zero = start + (length * -domain[0]) / (domain[1] - domain[0]);
  const hasZero = palette === "signed" && domain[0] < 0 && domain[1] > 0;
  return [
    textAt(0, 11, label, small),
    textAt(start - 4, 11, low, { ...small, "text-anchor": "end" }),
    element("image", { href: uri, ...box, preserveAspectRatio: "none" }),
    element("rect", { ...box, ...stroked("axis") }),
    ...(hasZero ? [element("path", { d: `M${zero.toFixed(1)},0V14`, ...stroked("text") })] : []),
    textAt(start + length + 4, 11, high, small),
  ];
}
