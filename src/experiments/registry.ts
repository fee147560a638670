// All experiments, in the order of their sources.

import { nearestName } from "../numeric/nearest-name.ts";
import { silentAlignment } from "./atanasov/silent-alignment.ts";
import { featureAlignment } from "./baratin/alignment.ts";
import { exactKernel } from "./bell/exact-kernel.ts";
import { lossPath } from "./chen/loss-path-kernel.ts";
import { lazyScale } from "./chizat/lazy-scale.ts";
import { domain } from "./courtois/domain.ts";
import { architectureKernels } from "./domingos/architecture-kernels.ts";
import { densityEstimate } from "./domingos/bayesian-network.ts";
import { brittleness } from "./domingos/brittleness.ts";
import { pathOfTwoWeights } from "./domingos/fig-1.ts";
import { superposition } from "./domingos/fig-2.ts";
import { memorise } from "./domingos/memorise.ts";
import { nearestImages } from "./domingos/nearest-images.ts";
import { queryCost } from "./domingos/query-cost.ts";
import { noRepresentation } from "./domingos/representation.ts";
import { sineMaxima } from "./domingos/sine-maxima.ts";
import { tradeOff } from "./domingos/trade-off.ts";
import { kernelVelocity } from "./fort/kernel-velocity.ts";
import { gradientSpan } from "./gepk/ood.ts";
import { alignmentTracks } from "./guo/cka.ts";
import { coupling } from "./guo/coupling.ts";
import { diffusion } from "./guo/diffusion.ts";
import { diffusionDigits } from "./guo/diffusion-digits.ts";
import { neighbourhoods } from "./guo/fig-1.ts";
import { cifarBlocks } from "./guo/fig-2-cifar10.ts";
import { mnistBlocks } from "./guo/fig-2-mnist.ts";
import { smoothAndSquare } from "./guo/fig-2ab.ts";
import { separableFeatures } from "./guo/fig-3.ts";
import { seenDigits } from "./guo/fig-4.ts";
import { printedDigits } from "./guo/fig-5.ts";
import { unseenLetters } from "./guo/fig-6.ts";
import { dormantUnit } from "./guo/fig-7-8.ts";
import { neighboursByOptimizer } from "./guo/fig-9.ts";
import { pairsAlongTraining } from "./guo/fig-10.ts";
import { gan } from "./guo/gan.ts";
import { gradedShift } from "./guo/graded-shift.ts";
import { modeCollapse } from "./guo/mode-collapse.ts";
import { honesty } from "./honesty/counterfactual.ts";
import { xorMixtures } from "./incudini/xor-mixtures.ts";
import { grokking } from "./kumar/grokking.ts";
import { contributionDistance } from "./lhermitte/contribution-distance.ts";
import { jumpOverHump } from "./lhermitte/fig-2.ts";
import { learningRate } from "./lhermitte/learning-rate.ts";
import { nearSolution } from "./lhermitte/near-solution.ts";
import { promptPrefix } from "./lhermitte/prompt-prefix.ts";
import { regularisation } from "./lhermitte/regularisation.ts";
import { globality } from "./long/globality.ts";
import { afterKernelRate } from "./long/learning-rate.ts";
import { easyAxis } from "./ortiz-jimenez/easy-axis.ts";
import { effectiveKernels } from "./richness/effective-kernels.ts";
import { infiniteWidth } from "./richness/infinite-width.ts";
import { lazyToRich } from "./richness/lazy-to-rich.ts";
import { widthScaling } from "./richness/width.ts";
import type { Experiment } from "./types.ts";
import { dataScaling } from "./vyas/data-scaling.ts";

export const experiments: readonly Experiment[] = [
  pathOfTwoWeights,
  superposition,
  sineMaxima,
  memorise,
  nearestImages,
  brittleness,
  noRepresentation,
  architectureKernels,
  densityEstimate,
  queryCost,
  tradeOff,
  neighbourhoods,
  smoothAndSquare,
  mnistBlocks,
  cifarBlocks,
  separableFeatures,
  seenDigits,
  printedDigits,
  unseenLetters,
  gradedShift,
  dormantUnit,
  neighboursByOptimizer,
  pairsAlongTraining,
  alignmentTracks,
  diffusion,
  gan,
  modeCollapse,
  coupling,
  diffusionDigits,
  contributionDistance,
  jumpOverHump,
  learningRate,
  nearSolution,
  regularisation,
  promptPrefix,
  lazyToRich,
  widthScaling,
  infiniteWidth,
  effectiveKernels,
  lazyScale,
  silentAlignment,
  grokking,
  dataScaling,
  exactKernel,
  kernelVelocity,
  afterKernelRate,
  globality,
  featureAlignment,
  easyAxis,
  gradientSpan,
  lossPath,
  xorMixtures,
  domain,
  honesty,
];

export const experimentIds: readonly string[] = experiments.map(({ id }) => id);

/** The experiment of an id. RangeError for an unknown one, with the nearest known. */
export function experimentOf(id: string): Experiment {
  const found = experiments.find((own) => own.id === id);
  if (found) return found;
  const near = nearestName(id, experimentIds);
  const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
  throw new RangeError(`experiment: id must be one of ${experimentIds.join(", ")}, got ${id}${hint}`);
}
