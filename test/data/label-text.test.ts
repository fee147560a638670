import { describe, expect, it } from "vitest";
import { labelText } from "../../src/data/label-text.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";

const number = (value: number): string => value.toFixed(1);
const text = (classes: string[], y: Tensor<"int64"> | Tensor<"float64">, index: number, position?: number) =>
  labelText({ classes }, { y }, { index, position, number });

describe("labelText(dataset, split, { index })", () => {
  it("is the class's name", () => {
    expect(text(["cat", "dog"], integers([2], [1, 0]), 0)).toBe("dog");
    expect(text([], integers([2], [1, 0]), 0)).toBe("1");
  });

  it("is the names at all positions side by side, apart where a name has several characters", () => {
    const y = integers([2, 3], [0, 1, 2, 2, -100, 1]);
    expect(text(["a", "\\n", "␣"], y, 0)).toBe("a\\n␣");
    expect(text(["a", "b", "c"], y, 1)).toBe("c·b");
    expect(text(["0", "1", "10"], y, 1)).toBe("10 · 1");
  });

  it("is the name at one position", () => {
    expect(text(["a", "b", "c"], integers([2, 3], [0, 1, 2, 2, -100, 1]), 1, 2)).toBe("b");
  });

  it("is the numbers of a regression target", () => {
    expect(text([], reals([2, 2], [0.25, 1, 2, 3]), 1)).toBe("2.0, 3.0");
  });
});
