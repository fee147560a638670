// The set of operators is closed: what rules emit has rules, in both dtypes. Prints the coverage table.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorRules } from "../../src/differentiate/registry.ts";
import { vjp } from "../../src/differentiate/reverse.ts";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { isBatch, resolveDim } from "../../src/graph/dim.ts";
import { shapeRules } from "../../src/graph/shapes/registry.ts";
import type { Value } from "../../src/graph/types.ts";
import { type DType, type RealDType, zeros } from "../../src/numeric/tensor.ts";
import { BATCH_SIZE, differentiable, type OperatorCase } from "../conformance/operator-case.ts";
import { factorsOf } from "../conformance/operator-factors.ts";
import { buildCase, derivativeGraph } from "../conformance/operator-graph.ts";
import { operatorCases } from "./cases/all.ts";

const operators = [...shapeRules.keys()].sort();
const casesOf = (op: string): OperatorCase[] => operatorCases.filter((c) => c.op === op);

let engines: Record<RealDType, Engine>;
beforeAll(async () => {
  engines = {
    float64: await openEngine({ dtype: "float64", threads: 1 }),
    float32: await openEngine({ dtype: "float32", threads: 1 }),
  };
});
afterAll(async () => {
  await engines.float64.release();
  await engines.float32.release();
});

/** What the first and second derivatives of a case are made of. */
function fromDerivatives(c: OperatorCase): string[] {
  return derivativeGraph(c).nodes.map((node) => node.op);
}

/** What factors and switches are made of, and the derivatives of those. */
function fromFactorsAndSwitches(c: OperatorCase): string[] {
  const built = buildCase(c);
  const { b, outputs, inputs, roots } = built;
  const rules = operatorRules.get(c.op);
  const node = { op: c.op, inputs, outputs, attributes: c.attributes ?? {}, b };
  const values = [...(rules?.switches?.(node) ?? [])];
  if (outputs[0].dtype === "real") {
    const u = b.input("u", "real", outputs[0].shape);
    for (const { factor } of factorsOf(built, c, u)) {
      values.push(...Object.values(factor).filter((part): part is Value => part?.dtype === "real"));
    }
  }
  values.forEach((value, k) => {
    vjp(b, [{ value, cotangent: b.input(`v${k}`, "real", value.shape) }], roots);
  });
  return b.nodes.map((emitted) => emitted.op);
}

/** Everything that rules emit, for operators other than itself. */
function emitted(): Set<string> {
  const others = operatorCases.map((c) =>
    [...fromDerivatives(c), ...fromFactorsAndSwitches(c)].filter((op) => op !== c.op),
  );
  return new Set(others.flat());
}

/** Whether the engine runs an operator's first case in a dtype. */
async function runs(op: string, dtype: RealDType): Promise<boolean> {
  const c = casesOf(op)[0];
  const { b, outputs } = buildCase(c);
  const program = engines[dtype].compile(b.build(Object.fromEntries(outputs.map((y, k) => [`y${k}`, y]))));
  const feeds = Object.fromEntries(
    program.graph.inputs.map((name) => {
      const value = program.graph.values.get(name)!;
      const shape = value.shape.map((dim) => resolveDim(dim, BATCH_SIZE));
      return [name, zeros((value.dtype === "real" ? dtype : value.dtype) as DType, shape)];
    }),
  );
  return program.run(feeds).then(
    () => true,
    () => false,
  );
}

describe("the set of operators", () => {
  it("has a shape rule and an entry of derivative rules for each", () => {
    expect([...operatorRules.keys()].sort()).toEqual(operators);
  });

  it("has a case for each, with the batch axis and a derivative where it has one", () => {
    expect(operators.filter((op) => casesOf(op).length === 0)).toEqual([]);
    const differentiated = (c: OperatorCase) =>
      differentiable(c).length > 0 && c.inputs.some((input) => input?.shape.some(isBatch));
    const withRules = operators.filter((op) => operatorRules.get(op)?.vjp && op !== "OneHot");
    expect(withRules.filter((op) => !casesOf(op).some(differentiated))).toEqual([]);
  });

  it("contains every operator that derivatives of first and second order, factors and switches are made of", () => {
    const missing = [...emitted()].filter((op) => !shapeRules.has(op) || !operatorRules.has(op));
    expect(missing).toEqual([]);
  });

  it("has both a reverse and a forward rule, or neither", () => {
    const lame = operators.filter((op) => !operatorRules.get(op)?.vjp !== !operatorRules.get(op)?.jvp);
    expect(lame).toEqual([]);
  });

  it("has a case for every factor rule", () => {
    const met = operatorCases.filter((c) => {
      const built = buildCase(c);
      if (built.outputs[0].dtype !== "real") return false;
      return factorsOf(built, c, built.b.input("u", "real", built.outputs[0].shape)).length > 0;
    });
    const withRule = operators.filter((op) => operatorRules.get(op)?.factor);
    // A unary operator cannot meet parameters and examples at once: its rule comes with its family and is never asked.
    const several = withRule.filter((op) => casesOf(op).some((c) => c.inputs.length > 1));
    expect(several.filter((op) => !met.some((c) => c.op === op))).toEqual([]);
  });

  it("runs in both dtypes", async () => {
    const reached = emitted();
    const mark = (yes: unknown): string => (yes ? "x" : "");
    const table: Record<string, Record<string, string>> = {};
    for (const op of operators) {
      const rules = operatorRules.get(op) ?? {};
      table[op] = {
        shape: "x",
        vjp: mark(rules.vjp),
        jvp: mark(rules.jvp),
        factor: mark(rules.factor),
        switches: mark(rules.switches),
        float32: mark(await runs(op, "float32")),
        float64: mark(await runs(op, "float64")),
        emitted: mark(reached.has(op)),
        cases: String(casesOf(op).length),
      };
    }
    const columns = Object.keys(table.Add);
    const line = (cells: string[]) => cells.map((cell, i) => cell.padEnd(i === 0 ? 18 : 9)).join("");
    const rows = Object.entries(table).map(([op, row]) => line([op, ...columns.map((column) => row[column])]));
    console.log([line(["operator", ...columns]), ...rows].join("\n"));
    expect(Object.entries(table).filter(([, row]) => !row.float32 || !row.float64)).toEqual([]);
  });
});
