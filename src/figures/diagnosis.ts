// A diagnosis on one sheet: spectra, alignment, distances between steps, and the kernel in the order of the classes.

import { normalisedKernel } from "../diagnose/block-score.ts";
import type { Diagnosis } from "../diagnose/diagnosis.ts";
import { alignmentFigure } from "./alignment.ts";
import { extentOf } from "./extent.ts";
import type { Figure } from "./figure.ts";
import { formatCount } from "./format.ts";
import { kernelDistanceFigure } from "./kernel-distance.ts";
import { kernelMapFigure } from "./kernel-map.ts";
import { sheet } from "./sheet.ts";
import { spectrumFigure } from "./spectrum.ts";

export interface DiagnosisFigureOptions {
  /** By label. */
  readonly classes: readonly string[];
}

function spectra({ steps, plan }: Diagnosis): Figure[] {
  const ends = steps.length > 1 ? [steps[0], steps[steps.length - 1]] : steps;
  const found = ends.flatMap(({ step, spectrum }) => {
    if (!spectrum) return [];
    const { values, rank, effectiveRank, tolerance } = spectrum;
    return [{ name: `step ${formatCount(step)}`, values, rank, effectiveRank, tolerance }];
  });
  const of = `tangent kernel of ${formatCount(plan.sample.x.shape[0])} examples`;
  return found.length === 0 ? [] : [spectrumFigure({ spectra: found, of })];
}

function alignments({ steps, inputs }: Diagnosis): Figure[] {
  if (steps.every(({ alignment }) => alignment === undefined)) return [];
  const layers = (steps[0].layers ?? []).map(({ name }, g) => ({
    name,
    values: steps.map((step) => step.layers?.[g].centred),
  }));
  const measured = [{ name: "kernel", values: steps.map(({ alignment }) => alignment?.centred) }, ...layers];
  const beside = inputs?.alignment ? [{ name: "inputs", values: steps.map(() => inputs.alignment?.centred) }] : [];
  return [
    alignmentFigure({
      steps: steps.map(({ step }) => step),
      measured: [...measured, ...beside],
      measure: "centred CKA with the targets",
    }),
  ];
}

/** Of the sample in the order of its classes; as it comes where there are none. */
function maps({ kernels, plan, steps }: Diagnosis, classes: readonly string[]): Figure[] {
  const blocks = steps[0].blocks;
  if (kernels.length === 0 || !plan.measures.includes("blocks") || !blocks) return [];
  const { order, classes: labels, counts } = blocks.order;
  const side = {
    label: "example, by class",
    order,
    blocks: labels.map((label, k) => ({ name: classes[label] ?? String(label), size: counts[k] })),
  };
  const [rows] = plan.sample.x.shape;
  const cosines = kernels.map(({ kernel }) => normalisedKernel(kernel).data);
  const domain = extentOf(cosines);
  const shared = { rows, columns: rows, rowSide: side, columnSide: side, quantity: "cosine" } as const;
  return kernels.map(({ step }, k) => {
    const score = steps.find((own) => own.step === step)?.blocks;
    const one = { name: `step ${formatCount(step)}`, values: cosines[k], ...(score && { score }) };
    // One scale for both, where there is one.
    const colours = domain && domain[0] < domain[1] ? { domain } : {};
    return kernelMapFigure({ ...shared, ...colours, maps: [one], title: "Cosines of gradients, by class" });
  });
}

/** What there is of spectra, alignment, distances and kernels. A sheet of nothing where no measure has a picture. */
export function diagnosisFigure(diagnosis: Diagnosis, { classes }: DiagnosisFigureOptions): Figure {
  const { movement, plan, outputs, dtype } = diagnosis;
  const distances = movement
    ? [kernelDistanceFigure({ steps: movement.steps, distances: movement.distances.data })]
    : [];
  return sheet({
    title: "What the tangent kernel says",
    caption: `${formatCount(plan.sample.x.shape[0])} examples (${plan.sample.name}), trace over ${formatCount(outputs)} outputs, ${dtype}.`,
    figures: [...spectra(diagnosis), ...alignments(diagnosis), ...maps(diagnosis, classes), ...distances],
  });
}
