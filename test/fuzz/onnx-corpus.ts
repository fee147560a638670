// Models that ONNX inputs are damaged from: PyTorch's files, and files of one node or a few for every operator.

import { readdirSync, readFileSync } from "node:fs";
import { oneNodeFiles } from "../graph/onnx/one-node-files.ts";
import { fileOf } from "../graph/onnx/run-file.ts";
import { severalNodeFiles } from "../graph/onnx/several-node-files.ts";
import { refusedFiles, torchFiles } from "../helpers/torch-files.ts";

const folder = new URL("../../fixtures/onnx/", import.meta.url);

/** Larger ones would spend the time on a few models. */
const LARGEST = 24_000;

const exported = readdirSync(folder)
  .filter((file) => file.endsWith(".onnx"))
  .map((file) => new Uint8Array(readFileSync(new URL(file, folder))));

const single = oneNodeFiles.map(({ op, opset, shape = [], attributes = {}, with: given = {} }) => {
  const [domain, name] = op.includes(":") ? op.split(":") : ["", op];
  const nodes = [{ op: name, domain, inputs: ["x", ...Object.keys(given)], attributes }];
  return fileOf({ opset, nodes, initializers: given, inputs: { x: ["batch", ...shape] } });
});
const several = severalNodeFiles.map(({ shape, ...spec }) => fileOf({ ...spec, inputs: { x: ["batch", ...shape] } }));

/** Small files, an operator or a few each. */
export const smallModels: readonly Uint8Array[] = [...single, ...several].map((bytes) => new Uint8Array(bytes));

/** Whole models, and those that are refused. */
export const wholeModels: readonly Uint8Array[] = [
  ...exported,
  ...[...torchFiles, ...refusedFiles].map(({ bytes }) => bytes),
].filter(({ length }) => length <= LARGEST);
