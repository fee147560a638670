// Per-example derivatives of one use of parameters, unmultiplied.

import type { Value } from "../graph/types.ts";

/** The elements of a factor (N, T, A) that are not zero: element [n, at[n, a, w], a] is values[n, a, w]. */
export interface Sparse {
  /** (N, A, W). */
  readonly values: Value;
  /** (N, A, W), int32 in [0, T); no two of one column the same. */
  readonly at: Value;
}

/**
 * The derivative of each example's scalar with respect to one value made of parameters only, in factored form:
 * - `outer`: sum over t of left[n, t, a] right[n, t, b], reshaped to (N, ...shape) after `perm`: the product has axes
 *   (n, a, b); it is reshaped to (n, ...inner) and its non-batch axes are then transposed by `perm` into `shape`;
 * - `rows`: sum over t of right[n, t] added to row indices[n, t] of a table of `rows` rows, each of shape `inner` (an embedding);
 * - `dense`: the derivative itself, (N, ...shape), where it is as small as a factor would be (biases, scales).
 */
export type Factor =
  | {
      readonly kind: "outer";
      /** (N, T, A). */
      readonly left: Value;
      /** (N, T, B). */
      readonly right: Value;
      /** Shape of the product's axes (a, b) split up, before `perm`; its size is A B. */
      readonly inner: readonly number[];
      /** Order in which the inner axes make the shape of the value. */
      readonly perm: readonly number[];
      /** `left` where few of its elements are not zero, as behind a pool. */
      readonly sparse?: Sparse | undefined;
    }
  | {
      readonly kind: "rows";
      /** (N, T), whole numbers in [-rows, rows). */
      readonly indices: Value;
      /** (N, T, D), D the size of a row. */
      readonly right: Value;
      readonly rows: number;
      readonly inner: readonly number[];
    }
  | {
      readonly kind: "dense";
      /** (N, ...shape of the value). */
      readonly value: Value;
    };
