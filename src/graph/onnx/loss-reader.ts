// Reads an .onnx file as a loss: two inputs, outputs and targets, and one number for each example.

import { InvalidModelError, UnsupportedError } from "../../errors.ts";
import { GraphBuilder } from "../builder.ts";
import { BATCH, formatShape, type Shape } from "../dim.ts";
import { isDropout } from "../dropout.ts";
import { squeeze } from "../ops.ts";
import type { Graph, Value } from "../types.ts";
import { convertNodes } from "./convert.ts";
import { dimsOf, type FileDim } from "./example-input.ts";
import type { GraphMessage, ValueInfoMessage } from "./proto.ts";
import { decode, initializersOf, liveNodes, opsetOf, requireShallow, withFileName } from "./reader.ts";
import { dtypeFromNumber, valueTypeOf } from "./tensor-message.ts";

interface LossInput {
  readonly name: string;
  readonly kind: "class" | "real";
  readonly dims: readonly FileDim[];
}

/** A file that was read as a loss; its graph is built for the shapes that it meets. */
export interface LossFile {
  /** `class` where targets are int64. */
  readonly target: "class" | "real";
  /** loss(y, target): inputs `y` and `target` of these shapes, output `loss` (N). UnsupportedError where the file is for other ones. */
  graphFor(y: Shape, target: Shape): Graph;
}

const HINT = "export loss(output, target) with reduction='none' and a mean or sum over the axes of an example";

function inputOf(message: ValueInfoMessage): LossInput {
  const name = message.name ?? "";
  const dtype = valueTypeOf({ dtype: dtypeFromNumber(message.type?.tensorType?.elemType ?? 0, `input ${name}`) });
  if (dtype !== "real" && dtype !== "int64")
    throw new UnsupportedError(`input ${name} of a loss must be real numbers or int64 class indices, got ${dtype}`);
  return { name, kind: dtype === "real" ? "real" : "class", dims: dimsOf(message) };
}

/** Outputs and targets: by their names where one is called `target`, else the first and the second. */
function inputsOf(graph: GraphMessage): readonly [output: LossInput, target: LossInput] {
  const stored = new Set((graph.initializer ?? []).map(({ name }) => name));
  const inputs = (graph.input ?? []).filter(({ name }) => !stored.has(name)).map(inputOf);
  if (inputs.length !== 2) {
    const got = inputs.map(({ name }) => name).join(", ") || "none";
    throw new UnsupportedError(`a loss must have two inputs, the outputs and the targets, got ${got}`, { hint: HINT });
  }
  const [first, second] = inputs;
  const [output, target] = first.name === "target" ? [second, first] : [first, second];
  if (output.kind === "real") return [output, target];
  throw new UnsupportedError(`input ${output.name} of a loss, the outputs, must be real numbers, got int64`);
}

function requireShape({ name, dims }: LossInput, shape: Shape, what: string): void {
  const fits =
    dims.length === shape.length && dims.every((dim, i) => i === 0 || typeof dim === "string" || dim === shape[i]);
  const free = typeof dims[0] === "string" || dims[0] === 1;
  if (fits && free) return;
  const must = `[${dims.map((dim, i) => (i === 0 ? "N" : dim)).join(", ")}]`;
  if (!free)
    throw new UnsupportedError(`axis 0 of input ${name} of a loss must be the batch axis, free or 1, got ${dims[0]}`);
  throw new UnsupportedError(`the loss is for ${what} ${must}, got ${formatShape(shape)}`);
}

/** The loss as (N); UnsupportedError where it is not one number for each example. */
function checkedLoss(b: GraphBuilder, loss: Value | undefined, name: string): Value {
  if (!loss) throw new InvalidModelError(`output ${name} must be written by a node, got none that does`);
  const { shape, dtype } = loss;
  if (dtype === "real" && shape[0] === BATCH && shape.length === 1) return loss;
  if (dtype === "real" && shape[0] === BATCH && shape.length === 2 && shape[1] === 1) return squeeze(b, loss, [1]);
  throw new UnsupportedError(
    `a loss must give one real number for each example, (N) or (N, 1), got ${dtype} ${formatShape(shape)}`,
    { hint: HINT },
  );
}

/**
 * The loss of an .onnx file: inputs outputs (N, ...) and targets, real numbers of the same shape or int64 class indices without the last axis;
 * output (N) or (N, 1). Free axes take the sizes that they meet; all initializers are constants.
 *
 * UnsupportedError for other inputs and outputs and for operators that cannot be differentiated, InvalidModelError for bytes that are no model.
 */
export function readOnnxLoss(bytes: Uint8Array, name: string): LossFile {
  const named = <T>(make: () => T): T => {
    try {
      return make();
    } catch (error) {
      throw withFileName(error, name);
    }
  };
  return named(() => {
    const model = decode(bytes);
    const { graph } = model;
    const outputs = graph?.output?.map((output) => output.name ?? "") ?? [];
    if (!graph || outputs.length === 0) throw new InvalidModelError("the file must have an output, got none");
    if (outputs.length > 1)
      throw new UnsupportedError(`a loss must have one output, got ${outputs.join(", ")}`, { hint: HINT });
    requireShallow(graph);
    const opset = opsetOf(model);
    const [output, target] = inputsOf(graph);
    const nodes = liveNodes(graph, outputs[0]);
    const initializers = initializersOf(graph, nodes, new Map());
    const build = (yShape: Shape, targetShape: Shape): Graph => {
      requireShape(output, yShape, "outputs");
      requireShape(target, targetShape, "targets");
      const b = new GraphBuilder();
      const y = b.input("y", "real", yShape);
      const t = b.input("target", target.kind === "class" ? "int64" : "real", targetShape);
      const values = new Map([
        [output.name, y],
        [target.name, t],
      ]);
      const freedBatch = output.dims[0] === 1;
      const given = { b, nodes, opset, output: outputs[0], values, initializers, detached: new Map(), freedBatch };
      const graph = b.build({ loss: checkedLoss(b, convertNodes(given).values.get(outputs[0]), outputs[0]) });
      // Masks are of models: what a loss draws would be in no record.
      if (graph.nodes.some(isDropout))
        throw new UnsupportedError("a loss must not be random, got Dropout in training mode", {
          hint: "export it in evaluation mode; a model may have dropout",
        });
      return graph;
    };
    return { target: target.kind, graphFor: (y, t) => named(() => build(y, t)) };
  });
}
