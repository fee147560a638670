// The differential equations that optimizers tend to as their steps shrink (Guo, He and Morel, arXiv:2603.13872, (1), (18)-(24), (30)).

/** Which equation, with constants in units of 1/time, time being step size times steps. */
export type Dynamics =
  | {
      readonly kind: "gradient";
      /** alpha(t) of Cor. A.1: what multiplies the step size. Default 1. */
      readonly rate?: ((t: number) => number) | undefined;
    }
  | {
      readonly kind: "momentum";
      /** (1 - beta) / eta of the averaging form m = beta m + (1 - beta) g. */
      readonly lambda: number;
    }
  | {
      readonly kind: "rmsprop";
      /** (1 - beta) / eta. */
      readonly rho: number;
      readonly epsilon: number;
    }
  | {
      readonly kind: "adam";
      /** (1 - beta1) / eta and (1 - beta2) / eta. */
      readonly c1: number;
      readonly c2: number;
      readonly epsilon: number;
    };

export const dynamicsKinds = ["gradient", "momentum", "rmsprop", "adam"] as const;

/** Parameters, running mean and running square of the gradient: each (p), those that the equation lacks stay 0. */
export interface FlowState {
  readonly params: Float64Array;
  readonly mean: Float64Array;
  readonly square: Float64Array;
}

/** RangeError unless the constants are positive numbers. */
export function requireDynamics(where: string, dynamics: Dynamics): void {
  if (!dynamicsKinds.includes(dynamics.kind))
    throw new RangeError(`${where}: kind must be one of ${dynamicsKinds.join(", ")}, got ${dynamics.kind}`);
  for (const [name, value] of Object.entries(dynamics))
    if (name !== "kind" && name !== "rate" && !(Number(value) > 0 && Number(value) < Infinity))
      throw new RangeError(`${where}: ${name} must be a finite number > 0, got ${value}`);
}

/** c of the running mean dm = c (g - m) dt; undefined where gradients act at once. */
export function memoryOf(dynamics: Dynamics): number | undefined {
  if (dynamics.kind === "momentum") return dynamics.lambda;
  return dynamics.kind === "adam" ? dynamics.c1 : undefined;
}

/** c of the running square dv = c (g^2 - v) dt; undefined without one. */
export function squareRateOf(dynamics: Dynamics): number | undefined {
  if (dynamics.kind === "rmsprop") return dynamics.rho;
  return dynamics.kind === "adam" ? dynamics.c2 : undefined;
}

/** 1 - e^(-c t). */
const filled = (c: number, t: number): number => -Math.expm1(-c * t);

/**
 * D(t), the diagonal with d params = -D(t) u dt, u the running mean where there is one, else the gradient: alpha(t), 1, 1 / (sqrt(v) + eps), or
 * sqrt(gamma_2) / gamma_1 / (sqrt(v) + eps sqrt(gamma_2)), gamma_j = 1 - e^(-c_j t): Adam's bias correction with PyTorch's place of eps.
 */
export function scaleInto(dynamics: Dynamics, t: number, square: Float64Array, out: Float64Array): void {
  if (dynamics.kind === "gradient") out.fill(dynamics.rate?.(t) ?? 1);
  else if (dynamics.kind === "momentum") out.fill(1);
  else {
    const adam = dynamics.kind === "adam";
    const root = adam ? Math.sqrt(filled(dynamics.c2, t)) : 1;
    const factor = adam ? root / filled(dynamics.c1, t) : 1;
    for (let k = 0; k < out.length; k++)
      out[k] = factor / (Math.sqrt(Math.max(0, square[k])) + dynamics.epsilon * root);
  }
}

/**
 * Where the equation begins. Adam's factor is 0/0 at t = 0: it begins at 1e-6 with the mean c1 g t and the square c2 g^2 t that it has there,
 * or an integral over it would converge at order 1 alone.
 */
export const firstTime = (dynamics: Dynamics): number => (dynamics.kind === "adam" ? 1e-6 : 0);
