// A loss of the user's own: an .onnx graph from outputs and targets to one number for each example.

import { formatShape } from "../graph/dim.ts";
import { readOnnxLoss } from "../graph/onnx/loss-reader.ts";
import type { Graph, Value } from "../graph/types.ts";
import { crc32 } from "../numeric/crc32.ts";
import type { Loss } from "./types.ts";

/** "mse.onnx#1a2b3c4d": graphs are kept by the names of their losses, so that two files must not share one. */
function nameWithSum(bytes: Uint8Array, name: string): string {
  return `${name.replace(/#[0-9a-f]{8}$/, "")}#${crc32(bytes).toString(16).padStart(8, "0")}`;
}

/**
 * The loss that an .onnx file computes: two inputs, outputs (N, ...) and targets, and one output (N) or (N, 1). Targets are real numbers of the outputs'
 * shape, or, where the file reads int64, class indices without the last axis. Its derivative is taken of the graph, as those of models are.
 *
 * A training checks with examples that it does not mix them (`requireRowsApart`), and embeds the file in its run.
 *
 * UnsupportedError for a file of another form or with operators that cannot be differentiated, now or when it meets outputs that it is not
 * for; InvalidModelError for bytes that are no model.
 */
export function onnxLoss(bytes: Uint8Array, name: string): Loss {
  const file = readOnnxLoss(bytes, name);
  const graphs = new Map<string, Graph>();
  return {
    name: nameWithSum(bytes, name),
    target: file.target,
    bytes,
    value(b, y, target) {
      const key = `${formatShape(y.shape)} ${formatShape(target.shape)}`;
      const graph = graphs.get(key) ?? file.graphFor(y.shape, target.shape);
      graphs.set(key, graph);
      return b.inline(graph, { y, target }).get("loss") as Value;
    },
  };
}
