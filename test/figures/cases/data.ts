// Random numbers for figures: the same on every machine.

import { randomFrom } from "../../../src/numeric/random.ts";

export function uniforms(stream: string, count: number): number[] {
  const random = randomFrom(0, stream);
  return Array.from({ length: count }, () => random.uniform());
}

export function normals(stream: string, count: number): number[] {
  const random = randomFrom(0, stream);
  return Array.from({ length: count }, () => random.normal());
}
