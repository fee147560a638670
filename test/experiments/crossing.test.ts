// When a measure passes a level: between looks, at the first of them, and never.

import { describe, expect, it } from "vitest";
import { crossing } from "../../src/experiments/crossing.ts";

describe("crossing", () => {
  it("lies on the straight line between the looks around it, from above and from below", () => {
    // From 4 at 1 to 0 at 3: 1 is reached three quarters of the way.
    expect(crossing([0, 1, 3], [5, 4, 0], 1)).toBe(2.5);
    expect(crossing([0, 1, 3], [-5, -4, 0], -1)).toBe(2.5);
  });

  it("is the first of several", () => {
    expect(crossing([0, 1, 2, 3, 4], [2, 0, 2, 0, 2], 1)).toBe(0.5);
  });

  it("is the first x where the first value is there already, and the last where none ever is", () => {
    expect(crossing([3, 4], [1, 0], 1)).toBe(3);
    expect(crossing([3, 4], [2, 1.5], 1)).toBe(4);
  });
});
