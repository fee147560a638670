// Where in the outputs a readout looks: `3` is output 3, `7/3` output 3 at position 7, `-1/3` at the last position.

import { axesOf } from "../graph/outputs.ts";
import type { ReadoutContext } from "./types.ts";

/** The outputs of one position. */
export interface Place {
  /** 0 where the outputs have no positions. */
  readonly position: number;
  readonly width: number;
  /** C: outputs of all positions. */
  readonly outputs: number;
  /** What names of readouts begin with: "7/", or nothing where there are no positions. */
  readonly prefix: string;
}

export const hasPositions = ({ outputShape }: Pick<ReadoutContext, "outputShape">): boolean => outputShape.length > 1;

/** The place of a position written in a spec, counted from the end where it is negative; RangeError when it is not there. */
export function placeOf(text: string, spec: string, { outputShape }: ReadoutContext): Place {
  const { positions, width } = axesOf(outputShape);
  const k = Number(text);
  if (!/^-?\d+$/.test(text) || k >= positions || k < -positions)
    throw new RangeError(
      `readout ${spec}: the position must be an integer in 0..${positions - 1} or -${positions}..-1, got "${text}"`,
    );
  const position = k < 0 ? k + positions : k;
  return { position, width, outputs: positions * width, prefix: `${position}/` };
}

/** The last position, or all there is. */
export function lastPlace({ outputShape }: ReadoutContext): Place {
  const { positions, width } = axesOf(outputShape);
  const position = positions - 1;
  return { position, width, outputs: positions * width, prefix: outputShape.length > 1 ? `${position}/` : "" };
}

/** An argument as its place and what is behind the slash; RangeError where a position lacks or is too many. */
export function placed(argument: string, spec: string, context: ReadoutContext): { place: Place; rest: string } {
  const slash = argument.indexOf("/");
  const rest = argument.slice(slash + 1);
  if (!hasPositions(context)) {
    if (slash < 0) return { place: lastPlace(context), rest };
    throw new RangeError(`readout ${spec}: no position must be given, as the outputs have none, got "${argument}"`);
  }
  if (slash >= 0) return { place: placeOf(argument.slice(0, slash), spec, context), rest };
  const example = `${spec.slice(0, spec.indexOf(":"))}:-1/${argument || 0}`;
  throw new RangeError(`readout ${spec}: a position must be given before the output, as in ${example}`);
}

/** An output of a place written in a spec; RangeError when there is no such output. */
export function outputIndex(text: string, spec: string, { width }: Place): number {
  const k = Number(text);
  if (!/^\d+$/.test(text) || k >= width) {
    throw new RangeError(`readout ${spec}: the output must be an integer in 0..${width - 1}, got "${text}"`);
  }
  return k;
}

/** Coefficients of all outputs that pick some of a place. */
export function coefficientsOf(place: Place, picks: Readonly<Record<number, number>>): number[] {
  const from = place.position * place.width;
  return Array.from({ length: place.outputs }, (_, c) => picks[c - from] ?? 0);
}

/** The outputs at a place, of all outputs of a row. */
export function outputsAt(y: ArrayLike<number>, { position, width }: Place): number[] {
  return Array.from({ length: width }, (_, k) => y[position * width + k]);
}

/** The position in the name of a resolved readout: 7 in "margin:7/3-5"; undefined where it has none. */
export function positionIn(name: string): number | undefined {
  const match = /^\w+:(\d+)\//.exec(name);
  return match === null ? undefined : Number(match[1]);
}
