// Losses of a generator (Goodfellow et al. 2014): what a discriminator says of its outputs, one that is a network or the best possible.

import type { GraphBuilder } from "../graph/builder.ts";
import { add, mul, neg, reduceSum, reshape, sub, unsqueeze } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { reals } from "../numeric/tensor.ts";
import type { Loss } from "./types.ts";

/** `saturating`: log(1 - D), the minimax loss. `non-saturating`: -log D, whose pull does not vanish where D is near 0. */
export const adversarialForms = ["saturating", "non-saturating"] as const;
export type AdversarialForm = (typeof adversarialForms)[number];

/** Gives the logit u of D = 1 / (1 + exp(-u)) at points y (N, ...): (N). */
export type LogitOf = (b: GraphBuilder, y: Value, inputs: Readonly<Record<string, Value>>) => Value;

export interface AdversarialOptions {
  readonly name: string;
  readonly form: AdversarialForm;
  /** What the discriminator is a function of beside the point: Loss.inputs. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly logit: LogitOf;
}

/**
 * A generator's loss through a discriminator of logit u, which counts as fixed: l = -softplus(u) (saturating) or softplus(-u) (non-saturating), l' = -D du/dy or
 * -(1 - D) du/dy (theory, Cor 4.2). Targets are not read.
 */
export function adversarialLoss({ name, form, inputs, logit }: AdversarialOptions): Loss {
  if (!adversarialForms.includes(form))
    throw new RangeError(`adversarialLoss: form must be one of ${adversarialForms.join(", ")}, got ${form}`);
  return {
    name: `${form} ${name}`,
    target: "real",
    inputs,
    value(b, y, _target, given = {}) {
      const u = logit(b, y, given);
      return form === "saturating" ? neg(b, b.op("Softplus", [u])) : b.op("Softplus", [neg(b, u)]);
    },
  };
}

/** The logit of a network with one output, `graph` with inputs `x` and its parameters by name: they are the loss's inputs. */
export function networkLogit(graph: Graph): LogitOf {
  return (b, y, inputs) => {
    const [, ...own] = (graph.values.get("x")?.shape ?? []) as readonly number[];
    const x = reshape(b, y, ["N", ...own]);
    return reshape(b, b.inline(graph, { ...inputs, x }).get("y") as Value, ["N"]);
  };
}

/** Gaussians of one deviation that count alike. */
export interface Mixture {
  /** Their centres, each of dimension d. */
  readonly centres: readonly (readonly number[])[];
  readonly deviation: number;
}

export interface DensityRatioOptions {
  readonly data: Mixture;
  /** h, the deviation of the kernel of the generated density; the data are smoothed by as much, so that equal distributions have ratio 1. */
  readonly bandwidth: number;
  /** Number M of generated points that the density is made of. */
  readonly points: number;
}

/** Name of the input that holds the generated points (M, d). */
export const GENERATED = "generated";

/** Densities of a mixture with its centres in a graph, up to a factor that both have: log sum_k exp(-|y - c_k|^2 / (2 s^2)) - log K. */
interface LogDensity {
  /** log p(y): (N). */
  readonly value: Value;
  /** grad log p(y): (N, d). */
  readonly score: Value;
}

function logDensity(b: GraphBuilder, y: Value, centres: Value, deviation: number): LogDensity {
  const [count] = centres.shape as readonly number[];
  const away = sub(b, unsqueeze(b, y, [1]), unsqueeze(b, centres, [0]));
  const exponents = mul(b, reduceSum(b, mul(b, away, away), [2]), -0.5 / deviation ** 2);
  const shares = unsqueeze(b, b.op("Softmax", [exponents], { axis: 1 }), [2]);
  return {
    value: add(b, b.op("ReduceLogSumExp", [exponents, b.ints([1])], { keepdims: 0 }), -Math.log(count)),
    score: mul(b, reduceSum(b, mul(b, shares, away), [1]), -1 / deviation ** 2),
  };
}

interface Densities {
  readonly data: LogDensity;
  readonly generated: LogDensity;
}

function densitiesOf({ data, bandwidth }: DensityRatioOptions) {
  const rows = data.centres.length;
  const [{ length: width }] = data.centres;
  // The data smoothed by the same kernel; the generated density has its bandwidth alone, as its points are samples already.
  const wide = Math.hypot(data.deviation, bandwidth);
  return (b: GraphBuilder, y: Value, inputs: Readonly<Record<string, Value>>): Densities => {
    const centres = b.constant(reals([rows, width], data.centres.flat()));
    const own = logDensity(b, y, centres, wide);
    // Normalising constants: (wide / h)^-d of the data's, where the generated has 1.
    const value = add(b, own.value, width * Math.log(bandwidth / wide));
    return { data: { ...own, value }, generated: logDensity(b, y, inputs[GENERATED], bandwidth) };
  };
}

function checked({ data: { centres, deviation }, bandwidth, points }: DensityRatioOptions): void {
  if (centres.length === 0 || centres.some(({ length }) => length === 0 || length !== centres[0].length))
    throw new RangeError(`optimalLoss: centres must be points of one dimension, got ${JSON.stringify(centres)}`);
  for (const [name, value] of Object.entries({ deviation, bandwidth }))
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`optimalLoss: ${name} must be a finite number > 0, got ${value}`);
  if (!Number.isSafeInteger(points) || points < 1)
    throw new RangeError(`optimalLoss: points must be a positive integer, got ${points}`);
}

/** The loss through D*, and the two parts of its pull: they add up to it. */
export interface OptimalLoss {
  readonly whole: Loss;
  /** l' = -(1 - D*) grad log p_data (non-saturating; -D* for saturating): towards what the data hold. */
  readonly attraction: Loss;
  /** l' = +(1 - D*) grad log p_G: away from where the generator is dense. */
  readonly repulsion: Loss;
}

/**
 * A generator's loss through the best discriminator D* = p_data / (p_data + p_G), with p_data a mixture and p_G the kernel density of generated
 * points, which are an input of the loss, `generated` (M, d), and count as fixed (theory, Cor 4.2):
 *
 *     l' = -(1 - D*) (grad log p_data - grad log p_G)  (non-saturating),  -D* (...)  (saturating)
 *
 * Cost: N (M + K) d for N outputs. RangeError for a mixture without centres and numbers that are not above 0.
 */
export function optimalLoss(form: AdversarialForm, options: DensityRatioOptions): OptimalLoss {
  checked(options);
  const densities = densitiesOf(options);
  const inputs = { [GENERATED]: [options.points, options.data.centres[0].length] };
  const logit: LogitOf = (b, y, given) => {
    const { data, generated } = densities(b, y, given);
    return sub(b, data.value, generated.value);
  };
  const whole = adversarialLoss({ name: "density ratio", form, inputs, logit });
  const part = (name: string, score: (b: GraphBuilder, both: Densities) => Value): Loss => ({
    ...whole,
    name: `${name} of ${whole.name}`,
    pull(b, y, _target, given) {
      const both = densities(b, y, given);
      const u = sub(b, both.data.value, both.generated.value);
      const factor = b.op("Sigmoid", [form === "saturating" ? u : neg(b, u)]);
      return mul(b, unsqueeze(b, factor, [1]), score(b, both));
    },
  });
  return {
    whole,
    attraction: part("attraction", (b, { data }) => neg(b, data.score)),
    repulsion: part("repulsion", (_, { generated }) => generated.score),
  };
}
