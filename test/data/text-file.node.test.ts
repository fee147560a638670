import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import type { LoadOptions } from "../../src/data/types.ts";
import { FileError, InvalidDataError } from "../../src/errors.ts";
import { integers, tensor } from "../../src/numeric/tensor.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const { at, write } = useTemporaryFolder();
const load = (text: string | Uint8Array, options: LoadOptions = {}) => loadDataset(write("d.txt", text), options);
const tokens = (shape: readonly number[], values: readonly number[]) =>
  tensor("float32", shape, Float32Array.from(values));

describe("a text", () => {
  test("is cut into windows whose targets are the next characters, over its sorted vocabulary", async () => {
    // \n 0, blank 1, a 2, b 3, c 4; the last character begins no window of three.
    const data = await load("ab cab\nca", { context: 3 });
    expect(data).toMatchObject({ source: at("d.txt"), task: "classification", inputShape: [3] });
    expect(data.classes).toEqual(["\\n", "␣", "a", "b", "c"]);
    expect(data.train.x).toEqual(tokens([2, 3], [2, 3, 1, 4, 2, 3]));
    expect(data.train.y).toEqual(integers([2, 3], [3, 1, 4, 2, 3, 0]));
    expect(data.test).toEqual({ x: tokens([0, 3], []), y: integers([0, 3], []) });
  });

  test("has windows of 64 characters unless told otherwise, the last tenth of them for testing", async () => {
    const text = Array.from({ length: 64 * 21 + 1 }, (_, i) => String.fromCharCode(97 + ((i * i) % 26))).join("");
    const [data, one] = [await load(text), await load(text, { context: 1 })];
    expect([data.train.x.shape, data.train.y.shape, data.test.x.shape]).toEqual([
      [19, 64],
      [19, 64],
      [2, 64],
    ]);
    // Parts follow each other: a window's last target is the first character of the next.
    expect(Number(data.train.y.data[19 * 64 - 1])).toBe(data.test.x.data[0]);
    expect(one.test.x.shape[0]).toBe(134);
  });

  test("with a limit keeps the first training windows, the vocabulary and the test part", async () => {
    const text = "abcdefghijklmnopqrstu";
    const [whole, some] = [await load(text, { context: 2 }), await load(text, { context: 2, limit: 3 })];
    expect(some.train.x).toEqual(tokens([3, 2], [0, 1, 2, 3, 4, 5]));
    expect([some.classes, some.test]).toEqual([whole.classes, whole.test]);
    expect(some.sha256).not.toBe(whole.sha256);
  });

  test("counts characters, not their bytes or halves, and names those that cannot be seen", async () => {
    const data = await load("é\u{1f600}\té\u0007\u{1f600}", { context: 5 });
    expect(data.classes).toEqual(["\\x07", "\\t", "é", "\u{1f600}"]);
    expect(data.train.x).toEqual(tokens([1, 5], [2, 3, 1, 2, 0]));
  });

  test.each<[string, string | Uint8Array, LoadOptions, string]>([
    ["as long as an example", "abc", { context: 3 }, "must be longer than an example of 3 characters, got 3"],
    ["empty", "", {}, "must be longer than an example of 64 characters, got 0"],
    ["of one character", "aaaa", { context: 2 }, 'must hold two different characters, got "a" only'],
    ["not UTF-8", Uint8Array.of(97, 0xff, 98, 99), { context: 2 }, "must be text in UTF-8, got other bytes"],
  ])("that is %s is refused", async (_, text, options, message) => {
    const error: unknown = await load(text, options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidDataError);
    expect((error as Error).message).toBe(`${at("d.txt")}: ${message}`);
  });

  test("that is missing, and a context below 1, are refused", async () => {
    await expect(loadDataset(at("none.txt"))).rejects.toThrow(FileError);
    await expect(loadDataset(at("none.txt"), { context: 0 })).rejects.toThrow(
      "loadDataset: context must be a whole number of at least 1, got 0",
    );
  });
});
