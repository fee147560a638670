// Spectrum of kernels: eigenvalues from the largest on, both axes logarithmic, with effective and numerical rank marked.

import type { Figure } from "./figure.ts";
import { formatCount, formatNumber } from "./format.ts";
import type { Guide } from "./guide.ts";
import { lines } from "./lines.ts";

export interface Spectrum {
  readonly name: string;
  /** Descending. */
  readonly values: ArrayLike<number>;
  /** Eigenvalues above the tolerance. */
  readonly rank?: number;
  /** exp of the entropy of the eigenvalues' shares. */
  readonly effectiveRank?: number;
  /** At and below it an eigenvalue counts as zero. */
  readonly tolerance?: number;
}

export interface SpectrumFigure {
  readonly spectra: readonly Spectrum[];
  /** What the matrix is: "tangent kernel of 200 examples". */
  readonly of: string;
}

function sentenceOf({ name, values, rank, effectiveRank }: Spectrum, isOnly: boolean): string {
  const ranks = [
    ...(rank === undefined ? [] : [`numerical rank ${formatCount(rank)}`]),
    ...(effectiveRank === undefined ? [] : [`effective rank ${formatNumber(effectiveRank)}`]),
  ];
  const largest = values.length > 0 ? `, largest ${formatNumber(values[0])}` : "";
  const what = isOnly ? "" : `${name}: `;
  return `${what}${formatCount(values.length)} eigenvalues${largest}${ranks.length > 0 ? `; ${ranks.join(", ")}` : ""}.`;
}

/** Eigenvalues against their number; of one spectrum with its ranks and tolerance as guides. */
export function spectrumFigure({ spectra, of }: SpectrumFigure): Figure {
  const isOnly = spectra.length === 1;
  const [only] = spectra;
  const guides: Guide[] = [];
  if (isOnly && only.rank) guides.push({ axis: "x", value: only.rank, label: `rank ${formatCount(only.rank)}` });
  if (isOnly && only.effectiveRank) {
    const label = `effective rank ${formatNumber(only.effectiveRank)}`;
    guides.push({ axis: "x", value: only.effectiveRank, label });
  }
  if (isOnly && only.tolerance) guides.push({ axis: "y", value: only.tolerance, label: "tolerance" });
  return lines({
    title: `Spectrum of the ${of}`,
    caption: spectra.map((one) => sentenceOf(one, isOnly)).join(" "),
    x: { label: "number of the eigenvalue", scale: "log" },
    y: { label: "eigenvalue", scale: "log" },
    series: spectra.map(({ name, values }) => ({ name, x: Array.from(values, (_, k) => k + 1), y: values })),
    guides,
  });
}
