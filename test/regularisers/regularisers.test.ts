import { describe, expect, it } from "vitest";
import { createRegulariser, regulariserForms, regulariserNames } from "../../src/regularisers/registry.ts";

const w = Float64Array.of(1.5, -0.7, 0.01, -2, 0.3);
const start = Float64Array.of(1, -1, 0, 0.5, 0.3);
const specs = ["l2:0.3", "l1:0.2", "elastic:0.1,0.4", "distance:0.5"];

it("every member is tested", () => {
  expect(specs.map((spec) => spec.split(":")[0])).toEqual(regulariserNames);
});

describe.each(specs)("%s", (spec) => {
  const regulariser = createRegulariser(spec);

  it("has the gradient that differences of its value show", () => {
    const rho = new Float64Array(w.length);
    regulariser.gradient(w, start, rho);
    const h = 1e-4;
    const moved = (k: number, by: number) => w.map((value, i) => (i === k ? value + by : value));
    const slopes = w.map((_, k) => {
      return (regulariser.value(moved(k, h), start) - regulariser.value(moved(k, -h), start)) / (2 * h);
    });
    expect(rho).toBeAllclose(slopes, { atol: 1e-10 });
    expect(rho.every((value) => Number.isFinite(value))).toBe(true);
  });

  it("is made again of what is recorded of it", () => {
    const again = createRegulariser({ name: regulariser.name, options: regulariser.options });
    expect(again.value(w, start)).toBe(regulariser.value(w, start));
    expect(again.options).toEqual(regulariser.options);
  });
});

it("values are those of the formulas, and kinks push nowhere", () => {
  const value = (spec: string) => createRegulariser(spec).value(Float64Array.of(3, -4), Float64Array.of(0, -4));
  expect(["l2:2", "l1:2", "elastic:1,2", "distance:2"].map(value)).toEqual([25, 14, 32, 9]);
  const rho = Float64Array.of(9, 9);
  createRegulariser("l1:1").gradient(Float64Array.of(0, -0), w, rho);
  expect(rho).toBeAllclose([0, 0], { atol: 0 });
});

it("what cannot be one is refused in words", () => {
  const refused = (spec: string) => () => createRegulariser(spec);
  expect(refused("l3:1")).toThrow("regulariser: name must be one of l2, l1, elastic, distance, got l3");
  for (const spec of ["l2", "l2:", "l2:a", "l2:1,2", "l2:1:2", "elastic:1"])
    expect(refused(spec)).toThrow(`must be written ${spec.split(":")[0]}:`);
  for (const spec of ["l1:0", "l1:-1", "l2:Infinity", "elastic:1,0"])
    expect(refused(spec)).toThrow("a finite number > 0");
  expect(() => createRegulariser({ name: "l2", options: {} })).toThrow(
    "lambda of l2 must be a finite number > 0, got NaN",
  );
  expect(() => createRegulariser({ name: "l2", options: { lambda: true } })).toThrow("got NaN");
  expect(regulariserForms).toEqual(["l2:LAMBDA", "l1:LAMBDA", "elastic:L1,L2", "distance:LAMBDA"]);
});
