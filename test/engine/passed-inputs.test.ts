// Inputs that are outputs too: they come back as they are, and are written to the arrays that are given.

import { expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { integers, reals, tensor, zeros } from "../../src/numeric/tensor.ts";
import { engineOf } from "../helpers/tasks.ts";

it("inputs that are outputs come back, of every rank and type, in the arrays that are given for them", async () => {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 2]);
  const inputs = {
    k: b.input("k", "int64", ["N"]),
    c: b.input("c", "real", []),
    flags: b.input("flags", "bool", [2, 1]),
  };
  const engine = await engineOf("float64");
  const program = engine.compile(b.build({ ...inputs, x, twice: x, y: b.op("Neg", [x]) }));
  for (const n of [3, 0]) {
    const feeds = {
      x: reals(
        [n, 2],
        Array.from({ length: 2 * n }, (_, i) => i + 0.5),
      ),
      k: integers(
        [n],
        Array.from({ length: n }, (_, i) => i - 5),
      ),
      c: reals([], [7]),
      flags: tensor("bool", [2, 1], Uint8Array.of(0, 1)),
    };
    const { y, twice, ...same } = await program.run(feeds);
    expect(same).toEqual(feeds);
    expect(twice).toEqual(feeds.x);
    expect([...y.data]).toEqual([...feeds.x.data].map((value) => -Number(value)));
    const into = zeros("float64", [n, 2]);
    await program.run(feeds, { x: into });
    expect(into).toEqual(feeds.x);
  }
});
