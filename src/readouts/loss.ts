// The loss of the query itself, for a given target.

import { identityOf } from "../numeric/identity.ts";
import type { Readout, ReadoutContext } from "./types.ts";

/** `loss`: l(y, target); negative contributions lowered the loss of this query. RangeError for a loss that reads more, which differs from step to step. */
export function lossReadout(spec: string, _argument: string, { loss }: ReadoutContext): Readout {
  if (loss.inputs)
    throw new RangeError(
      `readout loss: ${loss.name} also reads ${Object.keys(loss.inputs).join(", ")}, which a query does not have`,
    );
  return {
    spec,
    key: `loss ${identityOf(loss)}`,
    needs: "target",
    value: (b, y, target) => loss.value(b, y, target),
    resolve: () => ({ name: spec, coefficients: [] }),
  };
}
