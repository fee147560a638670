// Rules of pools: the maximum's cotangent goes where the maximum was found, an average's is spread evenly.

import { averagesOf } from "../../graph/averages.ts";
import type { GraphBuilder } from "../../graph/builder.ts";
import { type Dim, multiplyDims, sizeOfShape } from "../../graph/dim.ts";
import { concat, div, expandLike, fullLike, mul, reshape, sub } from "../../graph/ops.ts";
import { padSpatial, taps } from "../../graph/patches.ts";
import type { Value } from "../../graph/types.ts";
import { extended, type PlacedWindows, spatialSizes, windowsOf } from "../../graph/windows.ts";
import { reals } from "../../numeric/tensor.ts";
import type { JvpRule, RuleContext, RuleTable, SwitchRule, VjpRule } from "../rule.ts";
import { inputGradient } from "./convolution.ts";
import {
  areDisjoint,
  atWinners,
  disjointTaps,
  overWindows,
  type Tournament,
  tournament,
  toWinners,
} from "./disjoint-pooling.ts";
import { remember } from "./placement.ts";

const flat = (b: GraphBuilder, x: Value): Value => reshape(b, x, [sizeOfShape(x.shape)]);

const placedOf = ({ outputs, attributes }: RuleContext): PlacedWindows => ({
  windows: windowsOf(attributes, attributes.kernel_shape as readonly number[]),
  counts: spatialSizes(outputs[0].shape),
});

/** Who won each window of a pool whose windows are disjoint; undefined for others. */
function winners(node: RuleContext): Tournament | undefined {
  const [placed, x] = [placedOf(node), node.inputs[0]!];
  return areDisjoint(placed, spatialSizes(x.shape)) ? tournament(node.b, x, placed) : undefined;
}

/** ScatterElements adds at the indices that the pool gives, where windows overlap too; ties went to the first index. */
const maxPoolVjp: VjpRule = (node, [g]) => {
  const { b, inputs, outputs } = node;
  const won = winners(node);
  if (won) return [remember(toWinners(b, [g!, inputs[0]!], won), g!, won)];
  const x = flat(b, inputs[0]!);
  const placed = b.op("ScatterElements", [fullLike(b, x, 0), flat(b, outputs[1]), flat(b, g!)], {
    axis: 0,
    reduction: "add",
  });
  return [reshape(b, placed, inputs[0]!.shape)];
};

/** GatherElements takes 0.1 ms where Gather takes 0.9 (first pool of the MNIST CNN, batch 64). */
const maxPoolJvp: JvpRule = (node, [dx]) => {
  const { b, outputs } = node;
  const won = winners(node);
  if (won) return [atWinners(b, [dx!, outputs[0]], won)];
  const picked = b.op("GatherElements", [flat(b, dx!), flat(b, outputs[1])], { axis: 0 });
  return [reshape(b, picked, outputs[0].shape)];
};

// Below every number that a model computes, yet its differences with them are finite in float32.
const NEVER_CHOSEN = -1e30;

/** Each tap of every window, (N, m). Padding is never the largest, so that its differences never change their signs. */
function tapsByExample(node: RuleContext): Value[] {
  const { b, inputs, outputs } = node;
  const [placed, x] = [placedOf(node), inputs[0]!];
  const sizes = spatialSizes(x.shape);
  const rows = (value: Value): Value => reshape(b, value, [x.shape[0], sizeOfShape(outputs[0].shape.slice(1))]);
  if (areDisjoint(placed, sizes)) return disjointTaps(b, x, placed).map(rows);
  const windows = extended(placed, sizes);
  const padded = padSpatial(b, x, windows, { fill: b.scalar(NEVER_CHOSEN) });
  return taps(b, padded, { windows, counts: placed.counts }).map(rows);
}

/**
 * Each tap minus the largest of the others: positive exactly where that tap is the maximum. Without the first tap, which
 * wins or loses only when another one loses or wins.
 */
const maxPoolSwitches: SwitchRule = (node) => {
  const { b } = node;
  const values = tapsByExample(node);
  if (values.length === 1) return [];
  const largest = (p: Value | undefined, q: Value | undefined): Value | undefined =>
    p && q ? b.op("Max", [p, q]) : (p ?? q);
  const later = new Array<Value | undefined>(values.length).fill(undefined);
  for (let i = values.length - 2; i >= 0; i--) later[i] = largest(values[i + 1], later[i + 1]);
  let earlier: Value | undefined = values[0];
  const differences = values.slice(1).map((value, i) => {
    const difference = sub(b, value, largest(earlier, later[i + 1])!);
    earlier = largest(earlier, value);
    return difference;
  });
  return [concat(b, differences, 1)];
};

/** Every channel of every example is an image of its own, so that one kernel of ones serves all. */
function asImages(b: GraphBuilder, g: Value): Value {
  const [batch, channels, ...spatial] = g.shape;
  return reshape(b, g, [multiplyDims(batch, channels), 1, ...spatial]);
}

const averagePoolVjp: VjpRule = ({ b, inputs, attributes }, [g]) => {
  const x = inputs[0]!;
  const sizes = spatialSizes(x.shape);
  const { scale, ...placed } = averagesOf(b, x, attributes);
  const { kernel } = placed.windows;
  const scaled = mul(b, g!, scale);
  if (areDisjoint(placed, sizes)) return [overWindows(b, [scaled, x], placed)];
  const ones = b.constant(reals([1, 1, ...kernel], new Array(kernel.reduce((p, q) => p * q, 1)).fill(1)));
  const spread = inputGradient(b, [asImages(b, scaled), ones], { ...placed, group: 1, sizes });
  return [reshape(b, spread, x.shape)];
};

/** An operator of one input that is linear in it. */
const linearJvp: JvpRule = ({ b, op, attributes }, [dx]) => [b.op(op, [dx], attributes)];

const globalAveragePoolVjp: VjpRule = ({ b, inputs }, [g]) => {
  const x = inputs[0]!;
  return [expandLike(b, div(b, g!, positions(x.shape)), x)];
};

/** Elements of one channel. */
const positions = (shape: readonly Dim[]): number => spatialSizes(shape).reduce((p, q) => p * q, 1);

export const poolingRules: RuleTable = {
  MaxPool: { vjp: maxPoolVjp, jvp: maxPoolJvp, switches: maxPoolSwitches },
  AveragePool: { vjp: averagePoolVjp, jvp: linearJvp },
  GlobalAveragePool: { vjp: globalAveragePoolVjp, jvp: linearJvp },
};
