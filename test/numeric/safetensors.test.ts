import { describe, expect, test } from "vitest";
import { InvalidDataError } from "../../src/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { integers, reals, tensor } from "../../src/numeric/tensor.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** A file made by hand: header length, header, body. */
function file(header: string, body: Uint8Array): Uint8Array {
  const json = utf8(header);
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

const tensors = {
  weight: tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4)),
  bias: tensor("float32", [1], Float32Array.of(-1)),
  mask: tensor("bool", [3], Uint8Array.of(1, 0, 1)),
  bytes: tensor("uint8", [1], Uint8Array.of(255)),
  steps: integers([2], [1, -1]),
  exact: reals([], [0.1]),
  codes: tensor("int32", [2, 0], new Int32Array(0)),
};

describe("encodeSafetensors", () => {
  test("writes the bytes that the format's description gives", () => {
    const header = '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    const body = new Uint8Array(Float32Array.of(1.5).buffer);
    const encoded = encodeSafetensors({ a: tensor("float32", [1], Float32Array.of(1.5)) }, { format: "pt" });
    expect(encoded).toEqual(file(padded, body));
  });

  test("is read back by decodeSafetensors, metadata included", () => {
    const metadata = { step: "12", note: "ünïcode" };
    expect(decodeSafetensors(encodeSafetensors(tensors, metadata), "x")).toEqual({ tensors, metadata });
    expect(decodeSafetensors(encodeSafetensors({}), "x")).toEqual({ tensors: {}, metadata: {} });
  });

  test("gives the same bytes in whatever order tensors and metadata come", () => {
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    expect(encodeSafetensors(reversed, { b: "1", a: "2" })).toEqual(encodeSafetensors(tensors, { a: "2", b: "1" }));
  });

  test("aligns every tensor, so that decoding copies nothing", () => {
    const bytes = encodeSafetensors(tensors);
    for (const { data } of Object.values(decodeSafetensors(bytes, "x").tensors)) expect(data.buffer).toBe(bytes.buffer);
  });

  test("refuses the one name that is taken", () => {
    expect(() => encodeSafetensors({ __metadata__: reals([], [1]) })).toThrow(RangeError);
  });
});

describe("decodeSafetensors", () => {
  test("reads a header that is not padded, off its alignment", () => {
    const body = new Uint8Array(Float64Array.of(2.5, -1).buffer);
    const bytes = file('{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}', body);
    expect(decodeSafetensors(bytes, "x").tensors.a).toEqual(reals([2], [2.5, -1]));
  });

  test("refuses a file cut at any byte", () => {
    const bytes = encodeSafetensors(tensors);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length), "x")).toThrow(InvalidDataError);
    }
    expect(() => decodeSafetensors(bytes.subarray(0, bytes.length - 1), "w.safetensors")).toThrow(
      "w.safetensors: the tensors must fill 48 bytes after the header, got 47 (truncated)",
    );
  });

  const entry = (dtype: string, shape: string, offsets: string) =>
    `{"a":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;
  test.each([
    [
      "an unknown dtype",
      entry("BF16", "[2]", "[0,4]"),
      4,
      'must have a dtype among I64, F64, F32, I32, U8, BOOL, got "BF16"',
    ],
    [
      "a shape that does not fit its bytes",
      entry("F32", "[3]", "[0,4]"),
      4,
      "data_offsets 12 bytes apart for shape [3] of F32",
    ],
    ["a negative axis", entry("F32", "[-1]", "[0,4]"), 4, "a shape of whole numbers"],
    ["a gap", entry("F32", "[1]", "[4,8]"), 8, "tensor a must begin at byte 0, where the last one ends, got 4"],
    ["bytes that no tensor claims", entry("F32", "[1]", "[0,4]"), 8, "must fill 4 bytes after the header, got 8"],
    ["an entry that is none", '{"a":3}', 0, "tensor a must have dtype, shape and data_offsets, got 3"],
    ["a header that is a list", "[1]", 0, "must have a JSON object as its header"],
    ["a header that is no JSON", "{a}", 0, "must have a JSON header"],
    ["metadata that are no strings", '{"__metadata__":{"a":1}}', 0, "__metadata__ must map names to strings"],
  ])("refuses %s", (_, header, size, message) => {
    const bytes = file(header, new Uint8Array(size));
    expect(() => decodeSafetensors(bytes, "x")).toThrow(InvalidDataError);
    expect(() => decodeSafetensors(bytes, "x")).toThrow(message);
  });

  test("refuses a byte order mark, and values that are nested without end or long, in one short line", () => {
    expect(() => decodeSafetensors(file("\ufeff{}", new Uint8Array()), "x")).toThrow("must have a JSON header");
    const message = (value: string): string => {
      try {
        decodeSafetensors(file(`{"a":${value}}`, new Uint8Array()), "x");
      } catch (error) {
        if (error instanceof InvalidDataError) return error.message;
      }
      return "no refusal";
    };
    expect(message(`${"[".repeat(30_000)}${"]".repeat(30_000)}`)).toBe(
      "x: tensor a must have dtype, shape and data_offsets, got a deeply nested list",
    );
    expect(message(`"${"b".repeat(60_000)}"`).length).toBeLessThan(200);
  });

  test("takes a shape that claims more than any memory for what it is", () => {
    const claim = `{"a":{"dtype":"U8","shape":[${2 ** 52},${2 ** 52}],"data_offsets":[0,4]}}`;
    expect(() => decodeSafetensors(file(claim, new Uint8Array(4)), "x")).toThrow("data_offsets");
    expect(() => decodeSafetensors(file(claim.replace(`${2 ** 52}`, "0"), new Uint8Array()), "x")).toThrow(
      "data_offsets",
    );
  });

  test("refuses another format, whose first bytes are no header length", () => {
    expect(() => decodeSafetensors(utf8("PK\x03\x04 a zip archive, say"), "x")).toThrow(/truncated, or another format/);
  });
});
