// Rows of the theory's table on width, scale and richness: lazy and rich training, and the linearised model.

import { effectiveKernels } from "../../test/helpers/special/effective-kernels.ts";
import {
  alphaSweep,
  kernelFluctuation,
  LAZY,
  lazyNetwork,
  slopeOf,
  slopeText,
  sweep,
} from "../../test/helpers/special/widths.ts";
import type { TheoryRow } from "./row.ts";

const WIDTHS = [64, 128, 256, 512, 1024, 2048, 4096];
const TEST = "diagnose/width-sweep.test.ts";

export const rows: readonly TheoryRow[] = [
  {
    id: "000-01",
    statement: "richness, one knob from lazy to rich",
    by: "mlp (alpha, parametrisation), richnessGauge, featureMovement, kernelDrift",
    test: `${TEST}, diagnose/richness.test.ts`,
    holds: "with step sizes eta / alpha^2 below the bound of stability; beyond it features move at any alpha",
    measure: async () =>
      (await alphaSweep([0.2, 0.5, 1, 2, 5, 20]))
        .map(
          ({ alpha, featureMovement, kernelDrift, regime }) =>
            `alpha ${alpha}: ${featureMovement.toPrecision(2)}, ${kernelDrift.toPrecision(2)} ${regime}`,
        )
        .join("; "),
  },
  {
    id: "000-02",
    statement: "effective learning rate O(1/n) or O(1): |dh| / |h| against width",
    by: "widthSweep, parametrisations",
    test: TEST,
    measure: async () => {
      const rates = [
        ["standard at eta / n", { parametrisation: "standard" }, (width: number) => (0.05 * 64) / width],
        ["ntk at eta", { parametrisation: "ntk" }, () => 0.05],
        ["mup at eta", { parametrisation: "mup" }, () => 0.05],
      ] as const;
      const found: string[] = [];
      for (const [name, model, stepSize] of rates) {
        const rows = await sweep({ widths: [64, 256, 1024, 4096], seeds: 3, steps: 100, model, stepSize });
        found.push(`${name} ${slopeText(slopeOf(rows, "featureMovement"))}`);
      }
      return `slopes: ${found.join(", ")}`;
    },
  },
  {
    id: "000-03",
    statement: "infinite width: |f_net - f_lin| and the kernel's fluctuation at the start vanish",
    by: "widthSweep, linearisedMachine, linearise",
    test: TEST,
    holds: "-1/2 is the bound of |f_net - f_lin|, not its law; intervals are 95 % over seeds",
    measure: async () => {
      const found: string[] = [];
      for (const activation of ["tanh", "relu"]) {
        const rows = await sweep({ widths: WIDTHS, seeds: 6, model: { activation, ...LAZY } });
        const fluctuation = await kernelFluctuation(activation, { widths: WIDTHS, seeds: 12, groups: 5 });
        found.push(
          `${activation} |f_net - f_lin| ${slopeText(slopeOf(rows, "fromLinear"))}, K_0 ${slopeText(fluctuation)}`,
        );
      }
      return `slopes over widths 64 to 4096: ${found.join("; ")}`;
    },
  },
  {
    id: "000-04",
    statement: "intermediate richness: a sequence of effective kernels K_t, each step a kernel machine",
    by: "tangentMachine, tangentKernel, kernelRotation",
    test: TEST,
    holds: "the sum of the steps' machines leaves the residual of the rule left",
    measure: async () => {
      const { left, one, rotation } = await effectiveKernels();
      return `40 steps of mup: sum of machines of K_t misses ${left.toPrecision(2)} of the change, the machine of K_0 alone ${one.toPrecision(2)}; K turns by ${rotation.toPrecision(2)}`;
    },
  },
  {
    id: "000-12",
    statement: "lazy networks are kernel regression and its gradient flow",
    by: "kernelRidge, kernelGradientFlow",
    test: `machines/kernel-ridge.test.ts, ${TEST}`,
    measure: async () => {
      const found: string[] = [];
      for (const width of [256, 1024, 4096]) {
        const { flow, ridge } = await lazyNetwork(width);
        found.push(`width ${width}: flow ${flow.toPrecision(2)}, ridge ${ridge.toPrecision(2)}`);
      }
      return `max difference over the largest change of an output: ${found.join("; ")}`;
    },
  },
  {
    id: "000-13",
    statement: "a kernel machine whatever the richness",
    by: "explain (residual), mlp (alpha)",
    test: TEST,
    measure: async () => {
      const all = await alphaSweep([0.2, 0.5, 20]);
      return `residual / scale from rich to lazy: ${all.map(({ residual, regime }) => `${residual.toExponential(1)} (${regime})`).join(", ")}`;
    },
  },
  {
    id: "000-14",
    statement: "reference arXiv:2404.19719, section 2.2: the scale of richness",
    by: "mlp (alpha, parametrisation)",
    test: "docs/theory.md, Richness",
  },
];
