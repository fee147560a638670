// Every algorithm on residual networks and on attention, in float64.

import { kernelForms } from "../../src/kernels/types.ts";
import { FEW_VARIANTS, tangentKernelConformance } from "../conformance/tangent-kernel.ts";
import { embeddingTask } from "../helpers/embedding-task.ts";
import { familyTask } from "../helpers/family-task.ts";
import { FULL_MATRIX } from "../helpers/matrix.ts";
import { sequenceTask } from "../helpers/sequence-task.ts";

const families = [
  ["a residual network", "resnet:3,4:1", [2, 4, 4]],
  ["a transformer", "transformer:4:1:2", [3, 4]],
  ["attention without positions", "attention:4:1:2", [3, 4]],
  ["a language model with tied embeddings", "gpt:4:1:2", [4]],
] as const;

/** Vector products know nothing of the operators: one family of each kind shows them in `npm test`. */
const PRODUCTS = ["a residual network", "a transformer"];

for (const [label, spec, inputShape] of families)
  for (const algorithm of ["factored", "vector-products"] as const)
    if (algorithm === "factored" || FULL_MATRIX || PRODUCTS.includes(label))
      tangentKernelConformance(label, algorithm, () => familyTask(spec, inputShape, "float64"), FEW_VARIANTS);

// C = 2 positions of 2 classes.
for (const algorithm of FULL_MATRIX ? (["factored", "vector-products"] as const) : (["factored"] as const))
  tangentKernelConformance(
    "a language model with outputs at every token",
    algorithm,
    () => sequenceTask({ length: 2, classes: 2 }),
    FEW_VARIANTS,
  );

// One token an example: the rows of the table are paired in factors in every form.
tangentKernelConformance("an embedding of one token", "factored", () => embeddingTask({ length: 1, classes: 3 }), {
  ...FEW_VARIANTS,
  forms: kernelForms,
});
