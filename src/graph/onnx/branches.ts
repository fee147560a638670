// The graphs inside nodes (the branches of an If): what they read from outside, and which one is taken.

import { UnsupportedError } from "../../errors.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Value } from "../types.ts";
import type { GraphMessage, NodeMessage } from "./proto.ts";

/** The graphs that a node holds as attributes. */
export function graphsIn(node: NodeMessage): GraphMessage[] {
  return (node.attribute ?? []).flatMap(({ g }) => (g ? [g] : []));
}

/** The nodes and, after each, those inside it. */
export function withInner(nodes: readonly NodeMessage[]): NodeMessage[] {
  return nodes.flatMap((node) => [node, ...graphsIn(node).flatMap((graph) => withInner(graph.node ?? []))]);
}

/** Every name that a node reads, those inside its graphs too. */
export function namesReadBy(node: NodeMessage): string[] {
  const written = graphsIn(node).flatMap((graph) => graph.output?.map(({ name }) => name ?? "") ?? []);
  return [...withInner([node]).flatMap(({ input }) => input ?? []), ...written];
}

/**
 * The branch of an If whose condition is known before the model runs: exporters ask for sizes (is this axis 1?).
 *
 * UnsupportedError when the condition depends on data or on the batch size.
 */
export function takenBranch(b: GraphBuilder, node: NodeMessage, condition: Value | undefined): GraphMessage {
  const known = condition && b.constantOf(condition)?.data[0];
  if (known === undefined) {
    throw new UnsupportedError("control flow on data has no fixed graph", {
      hint: "export the model without branches on data (torch.where chooses without one), all axes but the batch fixed",
    });
  }
  const name = known ? "then_branch" : "else_branch";
  const branch = node.attribute?.find((attribute) => attribute.name === name)?.g;
  if (!branch) throw new UnsupportedError(`the branch ${name} must be there, got none`);
  return branch;
}
