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
      "accuracyOf",
      "byLabel",
      "cancellation",
      "cnn",
      "createModel",
      "createOptimizer",
      "createTask",
      "datasetQueries",
      "examplesFor80",
      "explain",
      "fullBatches",
      "generatorName",
      "inputQueries",
      "isPathkernelError",
      "kernelAlgorithmNames",
      "kernelDivisions",
      "kernelForms",
      "kernelProduct",
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
      "pathKernel",
      "planExplanation",
      "predict",
      "providerNames",
      "randomFrom",
      "readOnnx",
      "readoutForms",
      "readoutOf",
      "renderReport",
      "ruleNames",
      "shuffledBatches",
      "streamTangentKernel",
      "strongest",
      "tangentKernel",
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
      "inspectRun",
      "loadDataset",
      "npyKernelSink",
      "openRun",
      "packRun",
      "reopenTask",
      "resumeRunWriter",
      "resumeTraining",
      "runHash",
      "runTraining",
    ]
  `);
});
