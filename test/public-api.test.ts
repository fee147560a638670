// The public names, as a snapshot: a name that lands in or falls out of index.ts by accident fails here.

import { expect, it } from "vitest";

it("the package exports exactly these names", async () => {
  expect(Object.keys(await import("../src/index.ts")).sort()).toMatchInlineSnapshot(`
    [
      "DEFAULT_TOLERANCE",
      "DivergedError",
      "Engine",
      "EngineError",
      "FileError",
      "GraphBuilder",
      "InvalidDataError",
      "InvalidModelError",
      "InvalidRunError",
      "PathkernelError",
      "RunNotFoundError",
      "ShapeMismatchError",
      "UnsupportedError",
      "VERSION",
      "cnn",
      "createModel",
      "createOptimizer",
      "createTask",
      "datasetQueries",
      "explain",
      "fullBatches",
      "generatorName",
      "inputQueries",
      "isPathkernelError",
      "layoutOf",
      "loadOrt",
      "lossNames",
      "lossOf",
      "meanBatch",
      "mlp",
      "modelFromOnnx",
      "modelNames",
      "openEngine",
      "optimizerNames",
      "parametersAt",
      "planExplanation",
      "randomFrom",
      "readOnnx",
      "readoutForms",
      "readoutOf",
      "ruleNames",
      "shuffledBatches",
      "tensor",
      "trainInMemory",
      "verdictOf",
      "viewsOf",
      "writeOnnx",
    ]
  `);
});

it("pathkernel/node adds exactly these", async () => {
  const core = Object.keys(await import("../src/index.ts"));
  const names = Object.keys(await import("../src/node.ts")).filter((name) => !core.includes(name));
  expect(names.sort()).toMatchInlineSnapshot(`
    [
      "createRunWriter",
      "datasetNames",
      "loadDataset",
      "openRun",
      "reopenTask",
      "runTraining",
    ]
  `);
});
