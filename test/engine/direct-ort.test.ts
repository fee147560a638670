// Sessions by the C API: the results of the package's own sessions to the last bit, written to the arrays that are given, with its errors.

import { describe, expect, it } from "vitest";
import { openCApi } from "../../src/engine/c-api.ts";
import { channelBlockOf } from "../../src/engine/channel-block.ts";
import type { Ort } from "../../src/engine/common-api.ts";
import { directOrt, libraryNames } from "../../src/engine/direct-ort.ts";
import { Engine } from "../../src/engine/engine.ts";
import { type LoadedOrt, loadOrt } from "../../src/engine/ort.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { writeOnnx } from "../../src/graph/onnx/writer.ts";
import type { Graph } from "../../src/graph/types.ts";
import { integers, reals, type Tensor, tensor, toReal, zeros } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";

const native = (await import("onnxruntime-node")) as unknown as Ort;
const found = await directOrt(native);
const koffi = await import("koffi");

/** One output of each type, of inputs of each, one without axes and one without elements. */
function everyType(): Graph {
  const b = new GraphBuilder();
  const [x, k, flag] = [b.input("x", "real", ["N", 3]), b.input("k", "int64", ["N"]), b.input("flag", "bool", ["N"])];
  const none = b.input("none", "real", [0, 2]);
  return b.build({
    y: b.op("Tanh", [b.op("MatMul", [x, b.constant(reals([3, 2], [1, 2, 3, 4, 5, 6]))])]),
    total: b.op("ReduceSum", [x], { keepdims: 0 }),
    next: b.op("Add", [k, b.ints([1])]),
    small: b.op("Cast", [k], { to: "int32" }),
    not: b.op("Not", [flag]),
    less: b.op("Neg", [none]),
  });
}

const feeds = {
  x: reals([2, 3], [0.1, -0.2, 0.3, 1e-3, 5, -6]),
  k: integers([2], [7, -8]),
  flag: tensor("bool", [2], Uint8Array.of(1, 0)),
  none: reals([0, 2], []),
};

async function on(loaded: LoadedOrt, dtype: "float32" | "float64", into?: Record<string, Tensor>) {
  const engine = new Engine(loaded, { dtype, threads: 1 });
  const own = Object.fromEntries(
    Object.entries<Tensor>(feeds).map(([name, value]) => [
      name,
      value.dtype === "float64" ? toReal(value, dtype) : value,
    ]),
  );
  const results = await engine.compile(everyType()).run(own, into);
  await engine.release();
  return results;
}

const package_ = { ort: native, name: "onnxruntime-node" } as const;

describe("sessions by the C API", () => {
  it("are what is loaded where koffi and the library are there", async () => {
    expect(found).toBeDefined();
    expect((await loadOrt()).ort).toBe(found);
    expect((await loadOrt()).writes).toBe(true);
  });

  it.each(["float32", "float64"] as const)("give what the package's own give, in %s", async (dtype) => {
    const direct = { ort: found as Ort, name: "onnxruntime-node" } as const;
    const expected = await on(package_, dtype);
    expect(await on(direct, dtype)).toEqual(expected);
    expect(await on({ ...direct, writes: true }, dtype)).toEqual(expected);
  });

  it("write to the arrays that are given and give these back", async () => {
    const into = { y: zeros("float64", [2, 2]), small: zeros("int32", [2]) };
    const results = await on({ ort: found as Ort, name: "onnxruntime-node", writes: true }, "float64", into);
    expect(results.y.data).toBe(into.y.data);
    expect(results.small.data).toBe(into.small.data);
    expect(into.small.data).toEqual(Int32Array.of(7, -8));
  });

  it("read and write parts of larger arrays, and small ones however often memory is tidied up", async () => {
    const b = new GraphBuilder();
    const engine = new Engine(
      { ort: found as Ort, name: "onnxruntime-node", writes: true },
      { dtype: "float64", threads: 1 },
    );
    const program = engine.compile(b.build({ y: b.op("Neg", [b.input("x", "real", [2])]) }));
    const whole = Float64Array.from({ length: 6 }, (_, i) => i);
    const target = new Float64Array(6);
    const part = (all: Float64Array): Tensor => tensor("float64", [2], all.subarray(2, 4));
    for (let i = 1; i < 2000; i++) {
      whole[2] = i;
      const small = await program.run({ x: reals([2], [i, -i]) });
      expect([...small.y.data]).toEqual([-i, i]);
      await program.run({ x: part(whole) }, { y: part(target) });
      expect([...target]).toEqual([0, 0, -i, -3, 0, 0]);
    }
    await engine.release();
  });

  it("see what an array holds now, in its shape now, whichever were run on before", async () => {
    const b = new GraphBuilder();
    const loaded = { ort: found as Ort, name: "onnxruntime-node", writes: true } as const;
    const engine = new Engine(loaded, { dtype: "float64", threads: 1 });
    const program = engine.compile(b.build({ y: b.op("ReduceSum", [b.input("x", "real", ["N", 2]), b.ints([1])]) }));
    const arrays = [1, 2, 3].map((k) => Float64Array.from({ length: 100 }, (_, i) => k * i));
    for (const [k, rows] of [
      [0, 50],
      [1, 50],
      [0, 50],
      [2, 50],
      [1, 50],
      [0, 50],
    ] as const) {
      arrays[k][1] += 10;
      const { y } = await program.run({ x: tensor("float64", [rows, 2], arrays[k]) });
      const expected = Float64Array.from({ length: rows }, (_, i) => arrays[k][2 * i] + arrays[k][2 * i + 1]);
      expect(y.data).toEqual(expected);
    }
    const [given] = arrays;
    structuredClone(given.buffer, { transfer: [given.buffer] });
    await expect(program.run({ x: { dtype: "float64", shape: [50, 2], data: given } })).rejects.toThrow(
      /not enough space/,
    );
    await engine.release();
  });

  it("read one array in two shapes", async () => {
    const b = new GraphBuilder();
    const bytes = writeOnnx(b.build({ y: b.op("ReduceSum", [b.input("x", "real", ["N", 2]), b.ints([1])]) }), {
      real: "float64",
    });
    const { InferenceSession, Tensor: OrtTensor } = found as Ort;
    const session = await InferenceSession.create(bytes);
    const data = Float64Array.of(1, 2, 3, 4);
    for (const dims of [
      [2, 2],
      [1, 2],
      [2, 2],
    ]) {
      const { y } = await session.run({ x: new OrtTensor("float64", data, dims) });
      expect([...(y.data as Float64Array)]).toEqual([3, 7].slice(0, dims[0]));
    }
    await session.release();
  });

  it("say what is wrong in the runtime's words, as the package's own do", async () => {
    const b = new GraphBuilder();
    const bytes = writeOnnx(
      b.build({ y: b.op("MatMul", [b.input("x", "real", [2, 3]), b.input("z", "real", [3, 1])]) }),
      {
        real: "float32",
      },
    );
    const broken = bytes.slice(0, bytes.length - 9);
    const wrong = { x: zeros("float32", [2, 2]), z: zeros("float32", [3, 1]) };
    const messagesOf = async ({ InferenceSession, Tensor: OrtTensor }: Ort): Promise<string[]> => {
      const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
      const given = Object.fromEntries(
        Object.entries(wrong).map(([name, { data, shape }]) => [name, new OrtTensor("float32", data, shape)]),
      );
      const messages = [
        await errorOf(() => session.run(given)),
        await errorOf(() => InferenceSession.create(broken, { logSeverityLevel: 4 })),
      ];
      await session.release();
      return messages;
    };
    const messages = await messagesOf(found as Ort);
    expect(messages).toEqual(await messagesOf(native));
    expect(messages[0]).toMatch(/Got: 2 Expected: 3/);
  });

  it("are released once, and refused afterwards", async () => {
    const b = new GraphBuilder();
    const bytes = writeOnnx(b.build({ y: b.op("Neg", [b.input("x", "real", [1])]) }), { real: "float32" });
    const session = await (found as Ort).InferenceSession.create(bytes);
    await session.release();
    await session.release();
    const x = new native.Tensor("float32", Float32Array.of(1), [1]);
    await expect(session.run({ x })).rejects.toThrow("a session must not be released before it is run");
  });

  it("have the kernels of the package's own", async () => {
    expect(await channelBlockOf(found as Ort)).toBe(await channelBlockOf(native));
  });

  it("leave other work its turn between two runs", async () => {
    const engine = new Engine(await loadOrt(), { dtype: "float64", threads: 1 });
    const b = new GraphBuilder();
    const program = engine.compile(b.build({ y: b.op("Neg", [b.input("x", "real", [1])]) }));
    let [turns, stopped] = [0, false];
    const other = (): void => {
      turns++;
      if (!stopped) setImmediate(other);
    };
    setImmediate(other);
    for (let run = 0; run < 20; run++) await program.run({ x: reals([1], [1]) });
    stopped = true;
    expect(turns).toBeGreaterThanOrEqual(19);
    await engine.release();
  });
});

describe("a library", () => {
  it("that is not there leaves the package's own sessions", async () => {
    expect(await directOrt(native, ["libno-such-library.so"])).toBeUndefined();
  });

  it("of another version is not taken", async () => {
    const other = { ...native, env: { ...native.env, versions: { node: "0.0.1" } } } as unknown as Ort;
    expect(await directOrt(other)).toBeUndefined();
  });

  it("without the API is refused", () => {
    expect(() => openCApi(koffi, "libc.so.6")).toThrow(/OrtGetApiBase/);
    expect(libraryNames).toContain("libonnxruntime.so.1");
  });
});
