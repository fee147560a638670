// Examples of any type are explained alike (001-09): sequences, graphs, sets.

import { describe, expect, it } from "vitest";
import { graphStructures, sequenceStructures, setStructures } from "../helpers/special/structures.ts";

describe("explained to the tolerance, with rounding alone left over", () => {
  it("sequences of tokens", async () => {
    const { residual, closure } = await sequenceStructures();
    expect(residual).toBeLessThan(1e-10);
    expect(closure).toBeLessThan(1e-12);
  });

  it.each([
    ["graphs, with the same contributions however their nodes are numbered", graphStructures],
    ["sets, with the same contributions whatever the order of their members", setStructures],
  ] as const)("%s", async (_, measure) => {
    const { residual, closure, order } = await measure();
    expect(residual).toBeLessThan(1e-10);
    expect(closure).toBeLessThan(1e-12);
    expect(order).toBeLessThan(1e-10);
  });
});
