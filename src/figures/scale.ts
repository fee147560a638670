// An axis's scale: from values to pixels, linear, in whole numbers or logarithmic, with its ticks.

import { scaleLinear, scaleLog } from "d3-scale";
import type { Extent } from "./extent.ts";
import { linearTicks, logTicks, type Tick } from "./ticks.ts";

export interface AxisOptions {
  /** What is shown: "step", "eigenvalue". */
  readonly label: string;
  readonly unit?: string | undefined;
  /** `whole`: steps and counts, whose ticks have no fractions. Default linear. */
  readonly scale?: "linear" | "log" | "whole";
  /** Default: what the values cover, a little more where it makes round ends. What is outside is cut off. */
  readonly domain?: readonly [number, number];
  /** Show zero even where all values are far from it. Default false. */
  readonly zero?: boolean;
}

export interface Scale {
  /** Pixels of a value. */
  readonly at: (value: number) => number;
  /** Whether the axis can show the value: it is finite, and above zero on a logarithmic one. */
  readonly has: (value: number) => boolean;
  readonly ticks: readonly Tick[];
  readonly domain: readonly [number, number];
}

/** How the ends of a domain that the data give are chosen: round numbers, the values themselves, or with some room. */
export type Ends = "round" | "exact" | "room";

/** "loss, nat (logarithmic)". */
export function axisLabel({ label, unit, scale }: AxisOptions): string {
  return `${label}${unit === undefined ? "" : `, ${unit}`}${scale === "log" ? " (logarithmic)" : ""}`;
}

/** A domain with some width: around a single value a tenth of it, or a factor of ten on a logarithmic axis. */
function opened([low, high]: readonly [number, number], isLog: boolean): [number, number] {
  if (low < high) return [low, high];
  if (isLog) return [low / Math.sqrt(10), high * Math.sqrt(10)];
  const half = low === 0 ? 1 : 0.1 * Math.abs(low);
  return [low - half, high + half];
}

function domainOf(
  extent: Extent,
  { scale = "linear", domain, zero = false }: AxisOptions,
  ends: Ends,
): [number, number] {
  const isLog = scale === "log";
  if (domain) {
    const [low, high] = domain;
    if (!(low < high) || !Number.isFinite(high - low) || (isLog && low <= 0)) {
      const must = isLog ? "go from above zero to a higher value" : "go from low to high";
      throw new RangeError(`figure: domain of an axis must ${must}, got [${low}, ${high}]`);
    }
    return [low, high];
  }
  if (extent === undefined) return isLog ? [0.1, 10] : [0, 1];
  const [low, high] = opened(zero && !isLog ? [Math.min(0, extent[0]), Math.max(0, extent[1])] : extent, isLog);
  if (ends === "exact") return [low, high];
  if (isLog) {
    const room = (high / low) ** 0.04;
    return [low / room, high * room];
  }
  if (ends === "room") return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
  const [first, last] = scaleLinear([low, high], [0, 1]).nice(5).domain();
  return [first, last];
}

/** The scale of an axis between two pixels, with about `wanted` ticks. */
export function scaleOf(
  extent: Extent,
  axis: AxisOptions,
  {
    range,
    wanted,
    ends = "round",
  }: { readonly range: readonly [number, number]; readonly wanted: number; readonly ends?: Ends },
): Scale {
  const domain = domainOf(extent, axis, ends);
  const isLog = axis.scale === "log";
  const scale = isLog ? scaleLog(domain, range) : scaleLinear(domain, range);
  return {
    at: (value) => scale(value),
    has: (value) => Number.isFinite(value) && !(isLog && value <= 0),
    ticks: isLog ? logTicks(domain, wanted) : linearTicks(domain, wanted, axis.scale === "whole"),
    domain,
  };
}
