// Every schedule against PyTorch's step sizes, and what each member of the family must hold.

import { describe, expect, it } from "vitest";
import {
  createSchedule,
  scheduleForms,
  scheduleFrom,
  scheduleNames,
  scheduleOf,
} from "../../src/schedules/registry.ts";
import { errorOf } from "../helpers/errors.ts";
import { readFixture, relativeError } from "../helpers/fixtures.ts";

const { description, real } = readFixture("schedules");
const { stepSize, steps, variants } = description;
const sizesOf = (schedule: { stepSize(step: number): number }): number[] =>
  Array.from({ length: steps }, (_, s) => schedule.stepSize(s));

/** A spec of each member. */
const specs = ["constant", "step:3,0.5", "exponential:0.9", "cosine:warmup=4", "one-cycle", "line-search:most=5"];

describe("createSchedule(spec, { stepSize, steps })", () => {
  it.each(variants.map((variant) => [variant.spec, variant] as const))(
    "%s gives PyTorch's step sizes",
    (spec, variant) => {
      const sizes = sizesOf(createSchedule(spec, { stepSize, steps }));
      expect(relativeError(sizes, real(variant.stepSizes).data)).toBeLessThan(1e-14);
      expect(relativeError(sizes.map(Math.log), Array.from(real(variant.stepSizes).data, Math.log))).toBeLessThan(
        1e-12,
      );
    },
  );

  it("takes options in their order or by name", () => {
    const context = { stepSize: 1, steps: 10 };
    expect(createSchedule("step:factor=0.5,every=3", context).options).toEqual({ stepSize: 1, every: 3, factor: 0.5 });
    expect(createSchedule("step:3,factor=0.5", context).options).toEqual({ stepSize: 1, every: 3, factor: 0.5 });
    expect(sizesOf(createSchedule("step:3,0.5", context)).slice(0, 7)).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25]);
  });

  it.each([
    ["linear", `schedule must be one of ${scheduleNames.join(", ")}, got "linear"`],
    ["step:3", "schedule step: factor must be given, got none"],
    ["step:3,0", "schedule step: factor must be a finite number > 0, got 0"],
    ["step:3.5,0.1", "schedule step: every must be a whole number >= 1, got 3.5"],
    ["step:3,0.1,2", 'schedule step: options must be among every, factor, got "2"'],
    ["step:3,every=2", 'schedule step: every must be given once, got "3,every=2"'],
    ["constant:1", 'schedule constant: options must be among none, got "1"'],
    ["cosine:warmup=", "schedule cosine: warmup must be a whole number >= 0, got NaN"],
    ["cosine:warmup=51", "schedule cosine: warmup must be at most the 50 planned steps, got 51"],
    ["cosine:hot=3", 'schedule cosine: options must be among warmup, min, start, got "hot=3"'],
    ["line-search:c=1", "schedule line-search: c must be a number in (0, 1), got 1"],
  ])("refuses %s", async (spec, message) => {
    expect(await errorOf(() => createSchedule(spec, { stepSize, steps }))).toBe(`RangeError: ${message}`);
  });
});

describe("every schedule", () => {
  it("is in this list, and has a form that help shows", () => {
    expect(specs.map((spec) => spec.split(":")[0])).toEqual(scheduleNames);
    expect(scheduleForms.map((form) => form.split(/[:[]/)[0])).toEqual(scheduleNames);
  });

  it.each(specs)("%s is a function of the step, finite and not negative, for one planned step as for many", (spec) => {
    for (const planned of [4, steps]) {
      const schedule = createSchedule(spec, { stepSize, steps: planned });
      const sizes = Array.from({ length: planned }, (_, s) => schedule.stepSize(s));
      expect(sizes.every((size) => Number.isFinite(size) && size >= 0)).toBe(true);
      expect(sizes.toReversed()).toEqual(sizes.map((_, s) => schedule.stepSize(planned - 1 - s)));
    }
  });

  it.each(specs)("%s is made again from what a run records of it", (spec) => {
    const schedule = createSchedule(spec, { stepSize, steps });
    const { name, options } = JSON.parse(JSON.stringify({ name: schedule.name, options: schedule.options }));
    const again = scheduleFrom({ name, options });
    expect(again.options).toEqual(schedule.options);
    expect(again.search).toEqual(schedule.search);
    expect(sizesOf(again)).toEqual(sizesOf(schedule));
  });
});

describe("scheduleFrom(record)", () => {
  it("refuses what only the program that trained knows, and records that are none", async () => {
    const { name, options } = scheduleOf((s) => 1 / (s + 1));
    expect(await errorOf(() => scheduleFrom({ name, options }))).toContain('got "function"');
    const broken = { name: "cosine", options: { stepSize: 0.1, warmup: 0, min: 0, start: 1 } };
    expect(await errorOf(() => scheduleFrom(broken))).toBe(
      "RangeError: schedule cosine: steps must be given, got none",
    );
  });
});
