// How many inputs of each family a run of the fuzzer takes; kept apart from the families, which bring everything that they read.

/** Of 20,000 inputs. */
export const SHARES = {
  run: 4000,
  npy: 2000,
  zip: 2500,
  safetensors: 2000,
  data: 1500,
  import: 1000,
  onnx: 3000,
  operators: 4000,
} as const;

export type FamilyName = keyof typeof SHARES;
/** With the one that only shows what the fuzzer sees. */
export type JobFamily = FamilyName | "faults";
export const familyNames = Object.keys(SHARES) as readonly FamilyName[];

/** One input: a family and a number. */
export interface Job {
  readonly family: JobFamily;
  readonly index: number;
}

/** `count` inputs, each family its share, mixed. */
export function jobsFor(count: number, names: readonly FamilyName[] = familyNames): Job[] {
  const whole = names.reduce((total, name) => total + SHARES[name], 0);
  const placed = names.flatMap((family) => {
    const own = Math.max(1, Math.round((count * SHARES[family]) / whole));
    return Array.from({ length: own }, (_, index) => ({ job: { family, index }, place: (index + 0.5) / own }));
  });
  return placed.sort((a, b) => a.place - b.place).map(({ job }) => job);
}
