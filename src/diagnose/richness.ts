// How rich a training was: movement of features, drift of the kernel, and a gauge between lazy and rich (Chizat et al. 2019; Karkada 2024).

import type { Tensor } from "../numeric/tensor.ts";

function requireSame(where: string, before: Tensor, after: Tensor): void {
  if (before.shape.join() !== after.shape.join())
    throw new RangeError(`${where}: both must have the same shape, got [${before.shape}] and [${after.shape}]`);
}

/** |a - b| / |a| of all numbers; 0 where both are 0, Infinity where only a is. */
function relativeChange({ data: a }: Tensor, { data: b }: Tensor): number {
  let [change, size] = [0, 0];
  for (let k = 0; k < a.length; k++) {
    change += (Number(b[k]) - Number(a[k])) ** 2;
    size += Number(a[k]) ** 2;
  }
  return change === 0 ? 0 : Math.sqrt(change / size);
}

/**
 * |h_T - h_0| / |h_0| over all examples and features (Frobenius).
 *
 * Shapes: both (Q, ...), as `hiddenFeatures` gives them at two points of a run. RangeError where they differ.
 */
export function featureMovement(before: Tensor, after: Tensor): number {
  requireSame("featureMovement", before, after);
  return relativeChange(before, after);
}

/**
 * |K_T - K_0| / |K_0| (Frobenius). Of kernels in any form, as `tangentKernel` gives them at two points of a run. A kernel that only grows drifts too:
 * `kernelRotation` does not see that. RangeError where shapes differ.
 */
export function kernelDrift(before: Tensor, after: Tensor): number {
  requireSame("kernelDrift", before, after);
  return relativeChange(before, after);
}

/** 1 - <K_0, K_T> / (|K_0| |K_T|), in [0, 2]: how far the kernel has turned, whatever its size; 0 where one is 0. RangeError where shapes differ. */
export function kernelRotation(before: Tensor, after: Tensor): number {
  requireSame("kernelRotation", before, after);
  let [product, a, b] = [0, 0, 0];
  for (let k = 0; k < before.data.length; k++) {
    const [x, y] = [Number(before.data[k]), Number(after.data[k])];
    product += x * y;
    a += x * x;
    b += y * y;
  }
  return a === 0 || b === 0 ? 0 : 1 - product / Math.sqrt(a * b);
}

/** Below the first a training is called lazy, from the second on rich. */
export const richnessThresholds = { lazy: 0.1, rich: 0.5 } as const;

export interface Richness {
  readonly featureMovement: number;
  readonly kernelDrift: number;
  /** The larger of the two. */
  readonly gauge: number;
  /** `lazy`: gauge < 0.1; `rich`: gauge >= 0.5; `intermediate` between. */
  readonly regime: "lazy" | "intermediate" | "rich";
}

/**
 * The gauge of a training between lazy and rich: the larger of feature movement and kernel drift. Below 0.1 the kernel machine of one kernel, K_0, says the
 * model's outputs to about a tenth of what training changed; from 0.5 on the kernel at the end is another one. The thresholds are conventions of
 * this library, stated so that they can be argued with: no source has any.
 *
 * Errors: RangeError for numbers that are no measures.
 */
export function richnessGauge(measures: Pick<Richness, "featureMovement" | "kernelDrift">): Richness {
  for (const name of ["featureMovement", "kernelDrift"] as const)
    if (!(measures[name] >= 0))
      throw new RangeError(`richnessGauge: ${name} must be a number >= 0, got ${measures[name]}`);
  const gauge = Math.max(measures.featureMovement, measures.kernelDrift);
  const { lazy, rich } = richnessThresholds;
  const regime = gauge < lazy ? "lazy" : gauge < rich ? "intermediate" : "rich";
  return { featureMovement: measures.featureMovement, kernelDrift: measures.kernelDrift, gauge, regime };
}
