import { afterEach, describe, expect, it } from "vitest";
import { Engine, type EngineOptions, openEngine } from "../../src/engine/engine.ts";
import { loadOrt } from "../../src/engine/ort.ts";
import { EngineError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { add, matmul, mul } from "../../src/graph/ops.ts";
import type { Graph } from "../../src/graph/types.ts";
import { integers, type RealDType, reals, type Tensor, toReal, zeros } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";

const opened: Engine[] = [];
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.release();
});

async function open(options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await openEngine({ dtype: "float64", threads: 1, ...options });
  opened.push(engine);
  return engine;
}

/** y = factor x, for x (N, 3). */
function scaled(factor: number): Graph {
  const b = new GraphBuilder();
  return b.build({ y: mul(b, b.input("x", "real", ["N", 3]), factor) });
}

const x = reals([1, 3], [1, 2, 3]);
const times = (k: number): Tensor => reals([1, 3], [k, 2 * k, 3 * k]);

/** The number of sessions that are open: ONNX Runtime's factory, counted. */
async function countingEngine(cachedPrograms: number): Promise<{ engine: Engine; counts: Record<string, number> }> {
  const loaded = await loadOrt();
  const counts = { created: 0, open: 0, most: 0 };
  const create = async (...given: Parameters<typeof loaded.ort.InferenceSession.create>) => {
    const session = await loaded.ort.InferenceSession.create(...given);
    counts.created++;
    counts.most = Math.max(counts.most, ++counts.open);
    const release = session.release.bind(session);
    session.release = async () => {
      counts.open--;
      await release();
    };
    return session;
  };
  const ort = { ...loaded.ort, env: loaded.ort.env, Tensor: loaded.ort.Tensor, InferenceSession: { create } };
  const engine = new Engine({ name: loaded.name, ort: ort as never }, { dtype: "float64", threads: 1, cachedPrograms });
  opened.push(engine);
  return { engine, counts };
}

describe("an engine", () => {
  it("says what it is: name, version, threads (2 unless told otherwise), dtype", async () => {
    const engine = await openEngine({ dtype: "float32" });
    opened.push(engine);
    expect(engine.dtype).toBe("float32");
    expect(engine.info).toMatchObject({ name: "onnxruntime-node", threads: 2 });
    expect(engine.info.version).toMatch(/^\d+\.\d+/);
  });

  it.each<RealDType>(["float32", "float64"])("computes every real value in %s", async (dtype) => {
    const engine = await open({ dtype });
    const program = engine.compile(scaled(1 / 3));
    const { y } = await program.run({ x: toReal(x, dtype) });
    const round = dtype === "float32" ? Math.fround : (v: number) => v;
    expect(y.dtype).toBe(dtype);
    expect([...y.data]).toEqual([1, 2, 3].map((v) => round(v * round(1 / 3))));
  });

  it("takes any batch size, none included, and gives integers and flags as they are", async () => {
    const engine = await open();
    const b = new GraphBuilder();
    const value = b.input("x", "real", ["N", 3]);
    const k = b.input("k", "int64", ["N"]);
    const program = engine.compile(b.build({ flags: b.op("Greater", [value, b.scalar(2)]), k, value }));
    const results = await program.run({ x: reals([2, 3], [1, 2, 3, 4, 5, 6]), k: integers([2], [7, -8]) });
    expect(results.flags).toEqual({ dtype: "bool", shape: [2, 3], data: Uint8Array.of(0, 0, 1, 1, 1, 1) });
    expect(results.k).toEqual(integers([2], [7, -8]));
    const empty = await program.run({ x: zeros("float64", [0, 3]), k: integers([0], []) });
    expect(empty.value).toEqual(reals([0, 3], []));
  });
});

describe("compile(graph)", () => {
  it("gives one program for each graph, which opens one session", async () => {
    const { engine, counts } = await countingEngine(8);
    const graph = scaled(2);
    const program = engine.compile(graph);
    expect(engine.compile(graph)).toBe(program);
    expect(program.graph).toBe(graph);
    expect(counts.created).toBe(0);
    for (let k = 0; k < 3; k++) expect((await engine.compile(graph).run({ x })).y).toEqual(times(2));
    expect(counts).toEqual({ created: 1, open: 1, most: 1 });
  });

  it("keeps as many sessions as it may, and compiles the least recently used anew with the same results", async () => {
    const { engine, counts } = await countingEngine(2);
    const programs = [2, 3, 4].map((factor) => engine.compile(scaled(factor)));
    // 0 1 | 0 is used again, so 2 puts 1 out | 0 is still there | 1 puts 2 out.
    for (const k of [0, 1, 0, 2, 0, 1]) expect((await programs[k].run({ x })).y).toEqual(times(k + 2));
    expect(counts.created).toBe(4);
    expect(counts.open).toBe(2);
  });

  it("gives right results with room for one session, also to programs that run side by side", async () => {
    const { engine, counts } = await countingEngine(1);
    const programs = [2, 3, 4].map((factor) => engine.compile(scaled(factor)));
    const order = [0, 1, 2, 2, 1, 0, 0, 1];
    const results = await Promise.all(order.map((k) => programs[k].run({ x })));
    expect(results.map(({ y }) => y)).toEqual(order.map((k) => times(k + 2)));
    expect(counts.open).toBe(1);
  });
});

describe("release()", () => {
  it("frees every session; programs run again afterwards", async () => {
    const { engine, counts } = await countingEngine(8);
    const programs = [2, 3].map((factor) => engine.compile(scaled(factor)));
    for (const program of programs) await program.run({ x });
    await engine.release();
    expect(counts.open).toBe(0);
    expect((await programs[0].run({ x })).y).toEqual(times(2));
    expect(counts).toEqual({ created: 3, open: 1, most: 2 });
  });

  it("lets a run that has begun end", async () => {
    const { engine, counts } = await countingEngine(8);
    const running = engine.compile(scaled(2)).run({ x });
    await engine.release();
    expect((await running).y).toEqual(times(2));
    expect(counts.open).toBe(0);
  });
});

describe("run(feeds, into)", () => {
  it("writes results into the arrays that it is given, the others into new ones", async () => {
    const engine = await open();
    const b = new GraphBuilder();
    const value = b.input("x", "real", ["N", 3]);
    const program = engine.compile(b.build({ twice: mul(b, value, 2), more: add(b, value, 1) }));
    const flat = new Float64Array(8).fill(-1);
    const twice: Tensor = { dtype: "float64", shape: [1, 3], data: flat.subarray(2, 5) };
    const results = await program.run({ x }, { twice });
    expect([...flat]).toEqual([-1, -1, 2, 4, 6, -1, -1, -1]);
    expect([...results.twice.data]).toEqual([2, 4, 6]);
    expect([...results.more.data]).toEqual([2, 3, 4]);
  });

  it("ignores feeds that the graph does not read, and changes none", async () => {
    const engine = await open();
    const given = { x: reals([1, 3], [1, 2, 3]), other: reals([1], [9]) };
    await engine.compile(scaled(2)).run(given);
    expect(given).toEqual({ x, other: reals([1], [9]) });
  });

  it("names an input that is missing, and those that are there", async () => {
    const engine = await open();
    expect(await errorOf(() => engine.compile(scaled(2)).run({ z: x }))).toBe(
      "EngineError: internal: program input x must be fed, got z",
    );
  });

  it.each<[string, Tensor]>([
    ["rank", reals([3], [1, 2, 3])],
    ["shape", reals([1, 4], [1, 2, 3, 4])],
    ["dtype", toReal(x, "float32")],
  ])("refuses an input of the wrong %s in one line that says what runs", async (_what, wrong) => {
    const engine = await open();
    const program = engine.compile(scaled(2));
    await expect(program.run({ x: wrong })).rejects.toThrow(EngineError);
    expect(await errorOf(() => program.run({ x: wrong }))).toMatch(
      /^EngineError: the engine could not run a graph of 1 nodes \(Mul\): [^\n]+$/,
    );
    expect((await program.run({ x })).y).toEqual(times(2));
  });
});

describe("a graph that the engine refuses", () => {
  const refused: Graph = { ...scaled(2), nodes: [{ ...scaled(2).nodes[0], op: "Nonsense" }] };

  it("is named by its operators, each time", async () => {
    const engine = await open();
    const program = engine.compile(refused);
    for (let k = 0; k < 2; k++) {
      expect(await errorOf(() => program.run({ x }))).toMatch(
        /^EngineError: the engine refused a graph of 1 nodes \(Nonsense\): [^\n]+$/,
      );
    }
  });

  it("leaves the others alone, and nothing to release", async () => {
    const { engine, counts } = await countingEngine(1);
    await expect(engine.compile(refused).run({ x })).rejects.toThrow(EngineError);
    expect((await engine.compile(scaled(3)).run({ x })).y).toEqual(times(3));
    await expect(engine.compile(refused).run({ x })).rejects.toThrow(EngineError);
    await engine.release();
    expect(counts.open).toBe(0);
  });
});

describe("equal runs", () => {
  it("give equal bits, from session to session", async () => {
    const b = new GraphBuilder();
    const [p, q] = [b.input("p", "real", ["N", 40]), b.input("q", "real", [40, 30])];
    const graph = b.build({ y: matmul(b, p, q) });
    const feeds = {
      p: reals(
        [50, 40],
        Float64Array.from({ length: 2000 }, (_, k) => Math.sin(k)),
      ),
      q: reals(
        [40, 30],
        Float64Array.from({ length: 1200 }, (_, k) => Math.cos(k)),
      ),
    };
    const engine = await open();
    const once = await engine.compile(graph).run(feeds);
    await engine.release();
    expect(await engine.compile(graph).run(feeds)).toEqual(once);
  });
});

describe("results that stay on a card", () => {
  it("are refused where there is none", async () => {
    const engine = await open();
    expect(engine.holds).toBe(false);
    expect(() => engine.hold(scaled(2), { x })).toThrow(/^hold: the engine's provider must be webgpu, got cpu$/);
  });
});
