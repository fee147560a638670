// Every algorithm on every kind of model, in both dtypes.

import { algorithmNames } from "../../src/kernels/types.ts";
import { FEW_VARIANTS, ONE_VARIANT, tangentKernelConformance } from "../conformance/tangent-kernel.ts";
import { FULL_MATRIX } from "../helpers/matrix.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { type SmallTask, type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";
import { tiedWeightsTask } from "../helpers/tied-weights.ts";

const classes = { loss: "cross-entropy", hidden: [7, 5] } as const;

const models: Readonly<Record<string, (options: SmallTaskOptions) => Promise<SmallTask>>> = {
  "a tanh network": (options) => smallTask({ ...options, ...classes }),
  "a ReLU network": (options) => smallTask({ ...options, ...classes, model: "relu" }),
  "a convolutional network": (options) => smallTask({ ...options, ...classes, model: "cnn" }),
  "a network of which only the last layer is trained": (options) =>
    smallTask({ ...options, ...classes, trainable: ["layers.2.weight", "layers.2.bias"] }),
  "a network of which the last layer is not trained": (options) =>
    smallTask({ ...options, ...classes, trainable: ["layers.0.bias", "layers.1.weight"] }),
  "a network with one output": (options) => smallTask({ ...options, loss: "half-mse", hidden: [6] }),
  "a network with six outputs": (options) => smallTask({ ...options, loss: "mse", hidden: [7, 5], outputs: 6 }),
  "a network that uses a matrix twice": (options) => tiedWeightsTask({ ...options, ...classes }),
};

/** Held to every variant in float64; the rest are of the same making, and held to a few of them, in float32 to one, but for `npm run test:matrix`. */
const WHOLE = ["a tanh network"];
function extentOf(label: string, dtype: string) {
  if (FULL_MATRIX || (dtype === "float64" && WHOLE.includes(label))) return {};
  return dtype === "float64" || WHOLE.includes(label) ? FEW_VARIANTS : ONE_VARIANT;
}

for (const dtype of ["float64", "float32"] as const) {
  for (const algorithm of algorithmNames) {
    // The reference is held against itself in tiles, once.
    if (algorithm === "jacobian-contraction" && dtype === "float32") continue;
    for (const [label, make] of Object.entries(models)) {
      // Products of Jacobians with vectors are the same graphs in both.
      if (algorithm === "vector-products" && dtype === "float32" && !WHOLE.includes(label) && !FULL_MATRIX) continue;
      tangentKernelConformance(`${label} in ${dtype}`, algorithm, () => make({ dtype }), extentOf(label, dtype));
    }
    if (algorithm !== "factored")
      tangentKernelConformance(
        `a network without factored forms in ${dtype}`,
        algorithm,
        () => squaredWeightsTask({ ...classes, dtype }),
        extentOf("a network without factored forms", dtype),
      );
  }
}
