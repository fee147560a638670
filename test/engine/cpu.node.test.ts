// Which processor this is, as far as it decides the bits of a result.

import { expect, it } from "vitest";
import { cpuOf, decidingFeatures } from "../../src/engine/cpu.node.ts";

it("decidingFeatures(cpuinfo) keeps the instruction sets that kernels are chosen by", () => {
  const x86 = "processor\t: 0\nflags\t\t: fpu vme sse4_1 avx avx2 hypervisor avx512f\nbogomips\t: 1\nflags\t\t: none\n";
  expect(decidingFeatures(x86)).toEqual(["sse4_1", "avx", "avx2", "avx512f"]);
  expect(decidingFeatures("Features\t: fp asimd evtstrm sve\n")).toEqual(["asimd", "sve"]);
  expect(decidingFeatures("model name: some")).toEqual([]);
  expect(cpuOf().model).toMatch(/ \(\w+\)$/);
});
