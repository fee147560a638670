// Runs that would take more memory than the engine may have are refused before the native engine sees them.

import { afterEach, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { machineMemory } from "../../src/engine/machine-memory.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/types.ts";
import { zeros } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";

const MIB = 2 ** 20;
const opened: Engine[] = [];
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.release();
});
async function open(memoryLimit?: number): Promise<Engine> {
  const engine = await openEngine({ dtype: "float32", threads: 1, ...(memoryLimit && { memoryLimit }) });
  opened.push(engine);
  return engine;
}

/** y (N, 1) of x (N, 4) by way of (N, 4, size): 16 size bytes an example in float32. */
function widening(size: number): Graph {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 4]);
  const wide = b.op("Expand", [b.op("Unsqueeze", [x, b.ints([2])]), b.ints([1, 1, size])]);
  return b.build({ y: b.op("ReduceSum", [wide, b.ints([1, 2])], { keepdims: 0 }) });
}

describe("an engine's memory limit", () => {
  it("refuses a graph of which not one example fits, before a session is made", async () => {
    const program = (await open(MIB)).compile(widening(2 ** 36));
    expect(await errorOf(() => program.run({ x: zeros("float32", [1, 4]) }))).toBe(
      "EngineError: the values of a graph of 3 nodes on 1 examples must fit into 1 MiB, got 1020 GiB, of which Expand writes [1, 4, 68719476736] (take smaller batches, or open the engine with a larger memoryLimit where the memory is there)",
    );
  });

  it("refuses a batch that does not fit, and runs one that does", async () => {
    const program = (await open(MIB)).compile(widening(8192));
    const { y } = await program.run({ x: zeros("float32", [7, 4]) });
    expect(y.shape).toEqual([7]);
    expect(await errorOf(() => program.run({ x: zeros("float32", [8, 4]) }))).toContain(
      "on 8 examples must fit into 1 MiB, got 1 MiB, of which Expand writes [8, 4, 8192]",
    );
    expect((await program.run({ x: zeros("float32", [1, 4]) })).y.shape).toEqual([1]);
  });

  it("counts what lives at once, not all there is", async () => {
    const b = new GraphBuilder();
    let x = b.input("x", "real", ["N", 2 ** 16]);
    for (let k = 0; k < 50; k++) x = b.op(k % 2 === 0 ? "Tanh" : "Neg", [x]);
    // Two values of 256 KiB at a time, 50 in all.
    const program = (await open(MIB)).compile(b.build({ y: x }));
    expect((await program.run({ x: zeros("float32", [2, 2 ** 16]) })).y.shape).toEqual([2, 2 ** 16]);
    expect(await errorOf(() => program.run({ x: zeros("float32", [3, 2 ** 16]) }))).toContain("must fit into 1 MiB");
  });

  it("is the memory of the machine unless told otherwise, which a terabyte does not fit into", async () => {
    expect(machineMemory()).toBeGreaterThan(2 ** 28);
    const program = (await open()).compile(widening(2 ** 37));
    expect(await errorOf(() => program.run({ x: zeros("float32", [1, 4]) }))).toContain(
      "got 2 TiB".replace("2 TiB", "2050 GiB"),
    );
  });

  it("must be a positive number", async () => {
    await expect(open(-1)).rejects.toThrow("openEngine: memoryLimit must be a positive number, got -1");
  });
});

describe("integers divided by -1", () => {
  it.each(["Div", "Mod"])("%s survives the smallest of them, whether the divisor is known or computed", async (op) => {
    const engine = await open();
    const b = new GraphBuilder();
    const [x, d] = [b.input("x", "int64", ["N"]), b.input("d", "int64", ["N"])];
    const minus = b.constant({ dtype: "int64", shape: [1], data: BigInt64Array.of(-1n) });
    const program = engine.compile(b.build({ computed: b.op(op, [x, d]), known: b.op(op, [x, minus]) }));
    const least = -(2n ** 63n);
    const feeds = { x: BigInt64Array.of(least, 7n, -7n), d: BigInt64Array.of(-1n, -1n, 2n) };
    const results = await program.run({
      x: { dtype: "int64", shape: [3], data: feeds.x },
      d: { dtype: "int64", shape: [3], data: feeds.d },
    });
    // -2^63 has no opposite: 0 - x gives it back. ONNX's Div cuts off, its Mod has the divisor's sign.
    const [computed, known] =
      op === "Div"
        ? [
            [least, -7n, -3n],
            [least, -7n, 7n],
          ]
        : [
            [0n, 0n, 1n],
            [0n, 0n, 0n],
          ];
    expect([[...results.computed.data], [...results.known.data]]).toEqual([computed, known]);
  });
});
