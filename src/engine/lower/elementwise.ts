// Element-wise operators from those that ONNX Runtime's CPU provider has in float64, each good to a few ulp.

import type { GraphBuilder } from "../../graph/builder.ts";
import { normaliseAxis } from "../../graph/dim.ts";
import { add, div, mul, neg, sub, unsqueeze, where } from "../../graph/ops.ts";
import type { Attributes, Value } from "../../graph/types.ts";
import { integers, reals } from "../../numeric/tensor.ts";

type Inputs = readonly (Value | undefined)[];

/** c_0 + c_1 z + c_2 z^2 + ... by Horner's rule. */
function polynomial(b: GraphBuilder, z: Value, coefficients: readonly number[]): Value {
  const [last, ...rest] = coefficients.toReversed();
  return rest.reduce<Value>((sum, c) => add(b, mul(b, sum, z), c), b.scalar(last));
}

// erf(x) / x - 1 on |x| < 0.84375 as p(x^2) / q(x^2), error 2^-57: FreeBSD's s_erf.c (Sun Microsystems 1993).
const SMALL = 0.84375;
const SMALL_P = [
  1.28379167095512558561e-1, -3.2504210724700149937e-1, -2.84817495755985104766e-2, -5.77027029648944159157e-3,
  -2.37630166566501626084e-5,
];
const SMALL_Q = [
  1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3, 1.32494738004321644526e-4,
  -3.9602282787753681232e-6,
];

// erfc(x) exp(x^2) as p(x) / q(x): W. J. Cody, Math. Comp. 23 (1969), 631-637, the middle range. Made for 0.46875 <= x <= 4;
// up to 6, where erf(x) rounds to 1, its error is below 1e-7 of an erfc that is below 1.6e-8.
const MIDDLE_P = [
  1.23033935479799725e3, 2.05107837782607147e3, 1.71204761263407058e3, 8.8195222124176909e2, 2.98635138197400131e2,
  6.61191906371416295e1, 8.88314979438837594, 5.64188496988670089e-1, 2.15311535474403846e-8,
];
const MIDDLE_Q = [
  1.23033935480374942e3, 3.43936767414372164e3, 4.36261909014324716e3, 3.29079923573345963e3, 1.62138957456669019e3,
  5.37181101862009858e2, 1.17693950891312499e2, 1.57449261107098347e1, 1,
];
const ONE_FROM = 6;

/** Near 0 a correction to x; further out 1 - erfc(|x|) with the sign of x. */
function erf(b: GraphBuilder, x: Value): Value {
  const square = mul(b, x, x);
  const ratio = div(b, polynomial(b, square, SMALL_P), polynomial(b, square, SMALL_Q));
  const near = add(b, x, mul(b, x, ratio));
  const size = b.op("Abs", [x]);
  // Beyond this bound both polynomials would become infinite; a NaN passes through Where as it is.
  const bounded = where(b, b.op("Greater", [size, b.scalar(ONE_FROM)]), ONE_FROM, size);
  const scaled = div(b, polynomial(b, bounded, MIDDLE_P), polynomial(b, bounded, MIDDLE_Q));
  const erfc = mul(b, b.op("Exp", [neg(b, mul(b, bounded, bounded))]), scaled);
  const far = sub(b, 1, erfc);
  const signed = where(b, b.op("Less", [x, b.scalar(0)]), neg(b, far), far);
  return where(b, b.op("Less", [size, b.scalar(SMALL)]), near, signed);
}

/** log(1 + u) for u in [0, 1]: log(w) u / (w - 1) with w = 1 + u rounded, the rounding cancels (HP-15C handbook, Kahan 1982). */
function log1p(b: GraphBuilder, u: Value): Value {
  const w = add(b, u, 1);
  const lost = b.op("Equal", [w, b.scalar(1)]);
  const excess = where(b, lost, 1, sub(b, w, 1));
  return where(b, lost, u, mul(b, b.op("Log", [w]), div(b, u, excess)));
}

/** log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which never overflows. */
function softplus(b: GraphBuilder, x: Value): Value {
  return add(b, b.op("Relu", [x]), log1p(b, b.op("Exp", [neg(b, b.op("Abs", [x]))])));
}

/** 1 / (1 + exp(-x)), to 0 where exp overflows; the engine's own loses all digits towards minus infinity (0 below -36.7). */
function sigmoid(b: GraphBuilder, x: Value): Value {
  return b.op("Reciprocal", [add(b, b.op("Exp", [neg(b, x)]), 1)]);
}

/** x for x > 0, else alpha (exp(x) - 1), as tanh(x / 2) (exp(x) + 1) without cancellation. */
function elu(b: GraphBuilder, x: Value, alpha: number): Value {
  const positive = b.op("Greater", [x, b.scalar(0)]);
  const below = where(b, positive, 0, x);
  const expm1 = mul(b, b.op("Tanh", [div(b, below, 2)]), add(b, b.op("Exp", [below]), 1));
  return where(b, positive, x, mul(b, expm1, alpha));
}

// (atan(t) / t - 1) / t^2 by powers of t^2 on |t| < 7/16, error 2^-57 of atan: FreeBSD's s_atan.c (Sun Microsystems 1993).
const ARC = [
  -3.33333333333329318027e-1, 1.99999999998764832476e-1, -1.42857142725034663711e-1, 1.1111110405462355788e-1,
  -9.09088713343650656196e-2, 7.69187620504482999495e-2, -6.66107313738753120669e-2, 5.83357013379057348645e-2,
  -4.97687799461593236017e-2, 3.6531572744216915527e-2, -1.62858201153657823623e-2,
];
// tan(pi / 8): from here to 1 the angle is measured from pi / 4, whose tangent is 1, and beyond 1 from pi / 2.
const EIGHTH = Math.SQRT2 - 1;

/** Reduced to |t| <= tan(pi / 8) by atan(a) = pi/4 + atan((a - 1) / (a + 1)) and atan(a) = pi/2 - atan(1 / a). */
function arctangent(b: GraphBuilder, x: Value): Value {
  const size = b.op("Abs", [x]);
  const steep = b.op("Greater", [size, b.scalar(1)]);
  const ratio = where(b, steep, b.op("Reciprocal", [size]), size);
  const turned = b.op("Greater", [ratio, b.scalar(EIGHTH)]);
  const t = where(b, turned, div(b, sub(b, ratio, 1), add(b, ratio, 1)), ratio);
  const square = mul(b, t, t);
  const small = add(b, t, mul(b, t, mul(b, square, polynomial(b, square, ARC))));
  const acute = where(b, turned, add(b, small, Math.PI / 4), small);
  const angle = where(b, steep, sub(b, Math.PI / 2, acute), acute);
  return where(b, b.op("Less", [x, b.scalar(0)]), neg(b, angle), angle);
}

const isSingle = (x: number): boolean => Math.fround(x) === x;
const numberOf = (attributes: Attributes, name: string, fallback: number): number =>
  typeof attributes[name] === "number" ? attributes[name] : fallback;

/** Attributes of a file are float32: 0.01 would be another number here than in the derivative. */
function leakyRelu(b: GraphBuilder, x: Value, attributes: Attributes): Value {
  const alpha = numberOf(attributes, "alpha", 0.01);
  if (isSingle(alpha)) return b.op("LeakyRelu", [x], attributes);
  return where(b, b.op("Greater", [x, b.scalar(0)]), x, mul(b, x, alpha));
}

/** The factors that float32 attributes cannot hold are multiplied to the first matrix and to the addend. */
function gemm(b: GraphBuilder, [x, y, c]: Inputs, attributes: Attributes): Value {
  const [alpha, beta] = [numberOf(attributes, "alpha", 1), numberOf(attributes, "beta", 1)];
  const [first, outer] = isSingle(alpha) ? [x, alpha] : [mul(b, x!, alpha), 1];
  const [addend, inner] = !c || isSingle(beta) ? [c, beta] : [mul(b, c, beta), 1];
  return b.op("Gemm", addend ? [first, y, addend] : [first, y], { ...attributes, alpha: outer, beta: inner });
}

/** Indices compared with 0, 1, ... along the new axis; negative ones count from the end, others outside give `off` everywhere. */
function oneHot(b: GraphBuilder, [indices, depth, values]: Inputs, attributes: Attributes): Value {
  const rank = indices!.shape.length + 1;
  const axis = normaliseAxis(typeof attributes.axis === "number" ? attributes.axis : -1, rank);
  const size = Number(b.intsOf(depth!)?.[0]);
  const wide = indices!.dtype === "int64" ? indices! : b.op("Cast", [indices], { to: "int64" });
  const fromEnd = b.op("Less", [wide, b.constant(integers([], [0]))]);
  const position = b.op("Where", [fromEnd, b.op("Add", [wide, b.constant(integers([], [size]))]), wide]);
  const shape = new Array<number>(rank).fill(1).with(axis, size);
  const counting = b.constant(
    integers(
      shape,
      Array.from({ length: size }, (_, i) => i),
    ),
  );
  const chosen = b.op("Equal", [unsqueeze(b, position, [axis]), counting]);
  const [off, on] = [0, 1].map((k) => b.op("Gather", [values, b.constant(integers([], [k]))], { axis: 0 }));
  return b.op("Where", [chosen, on, off]);
}

/**
 * Compositions by operator name. Erf, Atan, OneHot and Mean have no float64 kernel; Softplus and Elu are expanded by the engine to
 * forms that overflow or cancel; its Sigmoid cancels; ConstantOfShape without a value is float32 whatever the graph is, and so are the
 * attributes alpha and beta.
 */
export const elementwiseLowerings: Readonly<
  Record<string, (b: GraphBuilder, inputs: Inputs, attributes: Attributes) => Value>
> = {
  Erf: (b, [x]) => erf(b, x!),
  Atan: (b, [x]) => arctangent(b, x!),
  Softplus: (b, [x]) => softplus(b, x!),
  Elu: (b, [x], attributes) => elu(b, x!, numberOf(attributes, "alpha", 1)),
  LeakyRelu: (b, [x], attributes) => leakyRelu(b, x!, attributes),
  Gemm: gemm,
  Sigmoid: (b, [x]) => sigmoid(b, x!),
  Mean: (b, inputs) => div(b, b.op("Sum", inputs), inputs.length),
  OneHot: oneHot,
  ConstantOfShape: (b, [shape], attributes) =>
    b.op("ConstantOfShape", [shape], { value: reals([1], [0]), ...attributes }),
};
