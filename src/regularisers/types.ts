// What every regulariser is: a function of the parameters that is added to the loss, and its gradient, coordinate by coordinate.

import type { RealArray } from "../numeric/tensor.ts";

export interface Regulariser {
  readonly name: string;
  /** Every number as it is used. */
  readonly options: Readonly<Record<string, number>>;
  /** Whether it depends on w_0, the parameters before the first step; else `reference` is not read. */
  readonly needsReference: boolean;
  /** R(w), to be added to the loss of a batch. */
  value(params: RealArray, reference: RealArray): number;
  /** rho = dR/dw, written into an array as long as the parameters; 0 where R has a kink. */
  gradient(params: RealArray, reference: RealArray, rho: RealArray): void;
}
