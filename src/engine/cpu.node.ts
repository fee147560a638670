// Which processor this is, as far as it decides the bits of a result: ONNX Runtime's kernels (MLAS) are chosen by instruction sets.

import { readFileSync } from "node:fs";
import { arch, cpus } from "node:os";

/** Instruction sets that MLAS tells apart (core/mlas/lib/platform.cpp), in the words of /proc/cpuinfo. */
const DECIDING = [
  ["sse4_1", "avx", "f16c", "fma", "avx2", "avx_vnni", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"],
  ["avx512_bf16", "amx_tile", "amx_int8", "amx_bf16"],
  ["asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"],
].flat();

/** The flags of the first processor in the text of /proc/cpuinfo ("flags" on x86, "Features" on ARM), those that decide. */
export function decidingFeatures(cpuinfo: string): string[] {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1].trim().split(/\s+/) ?? [];
  return DECIDING.filter((feature) => flags.includes(feature));
}

/** This machine's processor: its name and architecture; its features are empty where the system does not tell them. */
export function cpuOf(): { readonly model: string; readonly features: readonly string[] } {
  const model = `${cpus()[0]?.model.trim() || "unknown"} (${arch()})`;
  try {
    return { model, features: decidingFeatures(readFileSync("/proc/cpuinfo", "utf8")) };
  } catch {
    return { model, features: [] };
  }
}
