// Switching functions against their definition: along a line, the derivative (or a value without one) jumps only where one of them changes its sign.

import { expect } from "vitest";
import { jvp } from "../../src/differentiate/forward.ts";
import { operatorRules } from "../../src/differentiate/registry.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { resolveDim } from "../../src/graph/dim.ts";
import { cast } from "../../src/graph/ops.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { BATCH_SIZE, type OperatorCase, spread } from "./operator-case.ts";
import { buildCase } from "./operator-graph.ts";

const POINTS = 120;
const REACH = 2.5;
// Between neighbouring points a smooth derivative of these operators changes by less than this part of its largest value.
const JUMP = 0.2;

/** Along x + s d for s in [-reach, reach]: every jump of d y / d s lies where a switching function changes its sign, and there is one. */
export async function checkSwitches(engine: Engine, c: OperatorCase): Promise<void> {
  const rules = operatorRules.get(c.op);
  const reach = c.reach ?? REACH;
  if (!rules?.switches || reach === 0) return;
  const { b, inputs, outputs, positions, roots } = buildCase(c);
  const node = { op: c.op, inputs, outputs, attributes: c.attributes ?? {}, b };
  const switches = rules.switches(node);
  if (switches.length === 0) return;
  const tangents = roots.map((value, n) => ({ value, tangent: b.input(`t${positions[n]}`, "real", value.shape) }));
  // What has no derivative (Sign, comparisons) jumps itself.
  const slope = rules.jvp ? jvp(b, tangents, [outputs[0]])[0]! : cast(b, outputs[0], "real");
  const named = Object.fromEntries(switches.map((value, k) => [`switch ${k}`, value]));
  const program = engine.compile(b.build({ slope, ...named }));
  const feeds: Record<string, Tensor> = {};
  for (const name of program.graph.inputs) {
    const shape = program.graph.values.get(name)!.shape.map((dim) => resolveDim(dim, BATCH_SIZE));
    const size = shape.reduce((p, q) => p * q, 1);
    feeds[name] = name.startsWith("x")
      ? c.inputs[Number(name.slice(1))]!.data
      : reals(shape, spread(size, -1, 1, 7 + Number(name.slice(1))));
  }
  const samples = [];
  for (let k = 0; k < POINTS; k++) samples.push(await program.run(onLine(feeds, reach * ((2 * k) / (POINTS - 1) - 1))));
  const slopes = samples.map(({ slope }) => slope.data as Float64Array);
  const signs = samples.map((sample) =>
    switches.map((_, k) => Array.from(sample[`switch ${k}`].data as Float64Array, (v) => v > 0).join()).join(";"),
  );
  const scale = Math.max(...slopes.flatMap((values) => Array.from(values, Math.abs)));
  const jumps = slopes.slice(1).map((values, k) => values.some((v, i) => Math.abs(v - slopes[k][i]) > JUMP * scale));
  const unexplained = jumps.flatMap((jump, k) => (jump && signs[k] === signs[k + 1] ? [k] : []));
  expect(unexplained, "jumps of the derivative without a change of sign").toEqual([]);
  expect(jumps.some(Boolean), "the line meets a switch").toBe(true);
}

function onLine(feeds: Record<string, Tensor>, s: number): Record<string, Tensor> {
  const result = { ...feeds };
  for (const name of Object.keys(feeds)) {
    if (!name.startsWith("t")) continue;
    const [x, t] = [feeds[`x${name.slice(1)}`], feeds[name].data as Float64Array];
    result[`x${name.slice(1)}`] = reals(
      x.shape,
      (x.data as Float64Array).map((v, i) => v + s * t[i]),
    );
  }
  return result;
}
