// The loss of the query itself, for a given target.

import { identityOf } from "../numeric/identity.ts";
import type { Readout, ReadoutContext } from "./types.ts";

/** `loss`: l(y, target); negative contributions lowered the loss of this query. */
export function lossReadout(spec: string, _argument: string, { loss }: ReadoutContext): Readout {
  return {
    spec,
    key: `loss ${identityOf(loss)}`,
    needs: "target",
    value: (b, y, target) => loss.value(b, y, target),
    resolve: () => ({ name: spec, coefficients: [] }),
  };
}
