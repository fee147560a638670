// What is said of two engines whose results differ in their last bits.

import { expect, it } from "vitest";
import { cpuOf, decidingFeatures } from "../../src/engine/cpu.node.ts";
import { differenceText, engineDifferences } from "../../src/train/engine-differences.ts";

const cpu = { model: "A (x64)", features: ["avx", "avx2", "fma"] };
const engine = { name: "onnxruntime-node", version: "1.30.0", threads: 2, cpu };

it("engineDifferences(recorded, here) names all that decides bits, and nothing else", () => {
  expect(engineDifferences(engine, engine)).toEqual([]);
  expect(engineDifferences(engine, { ...engine, provider: "cpu", cpu: { ...cpu, model: "B (x64)" } })).toEqual([]);
  expect(engineDifferences({ ...engine, cpu: undefined }, engine)).toEqual([]);
  expect(engineDifferences(engine, { ...engine, cpu: { ...cpu, features: [] } })).toEqual([]);
  // Of a processor that tells no instruction sets, the name is what is known.
  expect(engineDifferences(engine, { ...engine, cpu: { model: "C (arm64)", features: [] } })).toHaveLength(1);
  const features = ["avx", "avx512f", "fma"];
  const other = {
    name: "onnxruntime-web",
    version: "1.31.0",
    threads: 4,
    provider: "webgpu",
    cpu: { ...cpu, features },
  } as const;
  expect(engineDifferences(engine, other).map(differenceText)).toEqual([
    "engine: onnxruntime-node recorded, onnxruntime-web here",
    "engine version: 1.30.0 recorded, 1.31.0 here",
    "provider: cpu recorded, webgpu here",
    "threads: 2 recorded, 4 here",
    "processor: A (x64) with avx2 recorded, A (x64) with avx512f here",
  ]);
});

it("decidingFeatures(cpuinfo) keeps the instruction sets that kernels are chosen by", () => {
  const x86 = "processor\t: 0\nflags\t\t: fpu vme sse4_1 avx avx2 hypervisor avx512f\nbogomips\t: 1\nflags\t\t: none\n";
  expect(decidingFeatures(x86)).toEqual(["sse4_1", "avx", "avx2", "avx512f"]);
  expect(decidingFeatures("Features\t: fp asimd evtstrm sve\n")).toEqual(["asimd", "sve"]);
  expect(decidingFeatures("model name: some")).toEqual([]);
  expect(cpuOf().model).toMatch(/ \(\w+\)$/);
});
