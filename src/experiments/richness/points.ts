// The data of the experiments on width and richness: eight points in R^3 with normal targets, six points to look at.

import type { Dataset } from "../../data/types.ts";
import { type MlpOptions, mlp } from "../../models/mlp.ts";
import type { Model } from "../../models/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { normals, regression } from "../arrays.ts";

export const EXAMPLES = 8;
export const QUERIES = 6;

/** The same for all seeds: widths and scales are compared on one problem. */
export function fixedPoints(): Dataset {
  const random = randomFrom(1, "widths");
  const [x, y] = [normals(random, [EXAMPLES, 3]), normals(random, [EXAMPLES, 1])];
  return regression(x, y.data, { x: normals(random, [QUERIES, 3]), y: new Float64Array(QUERIES) });
}

/** 3-width-1 with tanh units, unless options say otherwise. */
export const oneLayer = (width: number, own: Partial<MlpOptions> = {}): Model =>
  mlp({ inputShape: [3], outputs: 1, hidden: [width], activation: "tanh", ...own });
