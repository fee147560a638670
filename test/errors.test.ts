import { describe, expect, it } from "vitest";
import {
  DivergedError,
  EngineError,
  FileError,
  InvalidDataError,
  InvalidModelError,
  InvalidRunError,
  isPathkernelError,
  NumericalError,
  PathkernelError,
  RunNotFoundError,
  ShapeMismatchError,
  UnsupportedError,
} from "../src/errors.ts";

const cause = new Error("beneath");
const options = { hint: "try another", cause };

const errors: readonly [PathkernelError, string, string][] = [
  [new UnsupportedError("m", options), "UnsupportedError", "Unsupported"],
  [new InvalidModelError("m", options), "InvalidModelError", "InvalidModel"],
  [new InvalidDataError("m", options), "InvalidDataError", "InvalidData"],
  [new FileError("m", "a/b", options), "FileError", "File"],
  [new RunNotFoundError("m", options), "RunNotFoundError", "RunNotFound"],
  [new InvalidRunError("m", options), "InvalidRunError", "InvalidRun"],
  [new ShapeMismatchError("m", options), "ShapeMismatchError", "ShapeMismatch"],
  [new DivergedError("m", 7, options), "DivergedError", "Diverged"],
  [new EngineError("m", options), "EngineError", "Engine"],
  [new NumericalError("m", options), "NumericalError", "Numerical"],
];

describe("the tagged errors", () => {
  it.each(errors)("carry name, tag, hint and cause: %s", (error, name, tag) => {
    expect(error).toBeInstanceOf(PathkernelError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name, tag, message: "m", hint: "try another", cause });
  });

  it("have no hint and no cause unless these are given", () => {
    const error = new InvalidDataError("m");
    expect(error.hint).toBeUndefined();
    expect(Object.hasOwn(error, "cause")).toBe(false);
  });

  it("are one line of bounded length, whatever a file holds", () => {
    expect(new InvalidDataError("tensor a\nb\u0000 must have\ta dtype").message).toBe("tensor a b  must have a dtype");
    expect(new InvalidModelError("x".repeat(1e6)).message).toMatch(/^x{2000}\.\.\.$/);
  });

  it("say where: the path of a file, the step of a divergence", () => {
    expect(new FileError("m", "a/b").path).toBe("a/b");
    expect(new DivergedError("m", 7).step).toBe(7);
  });

  it("have tags of their own", () => {
    expect(new Set(errors.map(([error]) => error.tag)).size).toBe(errors.length);
  });
});

describe("isPathkernelError(error, ...tags)", () => {
  it("is true for ours, and with tags for those only", () => {
    const error = new FileError("m", "p");
    expect(isPathkernelError(error)).toBe(true);
    expect(isPathkernelError(error, "Engine", "File")).toBe(true);
    expect(isPathkernelError(error, "Engine")).toBe(false);
  });

  it("is false for every other thing", () => {
    for (const other of [new RangeError("m"), undefined, "File", { tag: "File" }])
      expect(isPathkernelError(other)).toBe(false);
  });
});
