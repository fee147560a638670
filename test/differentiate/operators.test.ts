// Every rule of every operator against central differences, its transpose, the other dtype and examples alone.

import { afterAll, beforeAll, describe, it } from "vitest";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { checkOperator } from "../conformance/operator.ts";
import { operatorCases } from "./cases/all.ts";

let float64: Engine;
let float32: Engine;
beforeAll(async () => {
  [float64, float32] = [
    await openEngine({ dtype: "float64", threads: 1 }),
    await openEngine({ dtype: "float32", threads: 1 }),
  ];
});
afterAll(async () => {
  await float64.release();
  await float32.release();
});

describe.each([...new Set(operatorCases.map((c) => c.op))])("the rules of %s", (op) => {
  it.each(operatorCases.filter((c) => c.op === op))("hold: $name", (c) => checkOperator({ float64, float32 }, c));
});
