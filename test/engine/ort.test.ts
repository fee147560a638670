// The WebAssembly build, which stands in where the native one is missing, does what the native one does; WebGPU says what it needs.

import { afterAll, describe, expect, it } from "vitest";
import type { Ort } from "../../src/engine/common-api.ts";
import { Engine, openEngine } from "../../src/engine/engine.ts";
import { providerNames, writingOutputs } from "../../src/engine/ort.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { matmul } from "../../src/graph/ops.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { errorOf } from "../helpers/errors.ts";
import { smallTask } from "../helpers/tasks.ts";

const web = (await import("onnxruntime-web")) as unknown as Ort;
const loaded = { ort: writingOutputs(web), name: "onnxruntime-web" } as const;
const engine = new Engine(loaded, { dtype: "float64", threads: 1 });
afterAll(() => engine.release());

describe("WebAssembly", () => {
  it("writes results into the arrays that it is given, the others into new ones", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", "real", ["N", 2]);
    const program = engine.compile(
      b.build({ y: matmul(b, x, b.constant(reals([2, 2], [1, 2, 3, 4]))), z: b.op("Neg", [x]) }),
    );
    const into = reals([1, 2], [7, 7]);
    const results = await program.run({ x: reals([1, 2], [1, -1]) }, { y: into });
    expect(results.y.data).toBe(into.data);
    expect([...into.data]).toEqual([-2, -2]);
    expect([...results.z.data]).toEqual([-1, 1]);
  });

  it("trains as the native engine does", async () => {
    const moved = async (given?: Engine): Promise<Float64Array> => {
      const { task, params, batches } = await smallTask({ steps: 5, ...(given && { engine: given }) });
      const run = await trainInMemory(task, { params, batches });
      const [start, end] = [await run.checkpoint(0), await run.checkpoint(5)];
      return Float64Array.from(end.params, (value, k) => value - start.params[k]);
    };
    const [ours, native] = [await moved(engine), await moved()];
    expect(native.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    expect(ours).toBeAllclose(native, { atol: 1e-14, rtol: 1e-12 });
  });
});

describe("openEngine({ provider })", () => {
  it("is cpu unless told otherwise, which the record of a run leaves out", async () => {
    expect(providerNames).toEqual(["cpu", "webgpu"]);
    for (const provider of [undefined, "cpu"] as const) {
      const opened = await openEngine({ dtype: "float64", ...(provider && { provider }) });
      expect(opened.info).not.toHaveProperty("provider");
    }
  });

  it("must be one that there is, and webgpu has float32 alone", async () => {
    expect(await errorOf(() => openEngine({ dtype: "float32", provider: "cuda" as never }))).toBe(
      "RangeError: openEngine: provider must be cpu or webgpu, got cuda",
    );
    expect(await errorOf(() => openEngine({ dtype: "float64", provider: "webgpu" }))).toBe(
      "RangeError: openEngine: dtype must be float32 on provider webgpu, which has no float64, got float64",
    );
  });

  it("webgpu computes where there is a device, and says in one line that there is none", async () => {
    const opened = await openEngine({ dtype: "float32", provider: "webgpu" }).catch((error: Error) => error);
    if (opened instanceof Engine) {
      const b = new GraphBuilder();
      const x: Tensor = { dtype: "float32", shape: [2], data: Float32Array.of(-1, 2) };
      const program = opened.compile(b.build({ y: b.op("Relu", [b.input("x", "real", ["N"])]) }));
      expect([...(await program.run({ x })).y.data]).toEqual([0, 2]);
      expect(opened.info.provider).toBe("webgpu");
      await opened.release();
      return;
    }
    expect(await errorOf(() => Promise.reject(opened))).toMatch(
      /^EngineError: no WebGPU device could be opened: [^\n]+ \(use provider cpu, or a machine \(a browser\) with a graphics card that WebGPU knows\)$/,
    );
  });
});
