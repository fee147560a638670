// Width sweeps: the distance to the linearised model, the fluctuation of the kernel, and what parametrisations do to features.

import { describe, expect, it } from "vitest";
import { effectiveKernels } from "../helpers/special/effective-kernels.ts";
import { alphaSweep, kernelFluctuation, LAZY, lazyNetwork, slopeOf, sweep } from "../helpers/special/widths.ts";

/** Few widths and seeds: `npm run theory` has 64 to 4096. */
const WIDTHS = [64, 256, 1024];

describe("widthSweep", () => {
  it.each(["tanh", "relu"])(
    "comes to the linearised model at least as fast as width^-0.4: %s (000-03)",
    async (activation) => {
      const rows = await sweep({ widths: WIDTHS, seeds: 2, model: { activation, ...LAZY } });
      expect(rows.map(({ width, seed }) => `${width}:${seed}`)).toEqual(
        WIDTHS.flatMap((width) => [1, 2].map((seed) => `${width}:${seed}`)),
      );
      for (const row of rows) expect(row.fromLinear).toBeLessThan(0.3 * row.moved);
      expect(slopeOf(rows, "fromLinear").slope).toBeLessThan(-0.4);
      expect(slopeOf(rows, "featureMovement").slope).toBeLessThan(-0.3);
    },
  );

  it("moves features as much at every width by mup, and ever less by ntk (000-02)", async () => {
    const of = async (parametrisation: "mup" | "ntk") =>
      slopeOf(
        await sweep({ widths: [64, 512], seeds: 2, model: { parametrisation }, stepSize: () => 0.05 }),
        "featureMovement",
      );
    expect(Math.abs((await of("mup")).slope)).toBeLessThan(0.15);
    expect((await of("ntk")).slope).toBeLessThan(-0.3);
  });
});

describe("a network at its start", () => {
  it("has a kernel that fluctuates from seed to seed as width^-1/2", async () => {
    const { slope } = await kernelFluctuation("tanh", { widths: WIDTHS, seeds: 10, groups: 3 });
    expect(Math.abs(slope + 0.5)).toBeLessThan(0.15);
  });
});

describe("a wide network trained lazily", () => {
  it("is gradient flow of its kernel machine in closed form, the closer the wider, and near ridge regression (000-12)", async () => {
    const [narrow, wide] = [await lazyNetwork(128), await lazyNetwork(2048)];
    expect(wide.flow).toBeLessThan(0.06);
    expect(wide.flow).toBeLessThan(narrow.flow / 2);
    expect(wide.ridge).toBeLessThan(0.2);
  });
});

describe("the output scale alpha", () => {
  it("leads from rich to lazy, every training explained to the same tolerance (000-01, 000-13)", async () => {
    const rows = await alphaSweep([0.2, 0.5, 20]);
    expect(rows.map(({ regime }) => regime)).toEqual(["rich", "intermediate", "lazy"]);
    for (const { residual } of rows) expect(residual).toBeLessThan(1e-10);
  });
});

describe("a rich training", () => {
  it("is the sum of its steps' machines up to the residual of the rule left, and not the machine of its first kernel (000-04)", async () => {
    const { left, one, rotation } = await effectiveKernels(40, 128);
    expect(left).toBeLessThan(one / 2);
    expect(rotation).toBeGreaterThan(1e-3);
  });
});
