// The steps before which a run has a checkpoint, one by one.

/** 0, every, 2 every, ..., and `steps` itself. */
export function checkpointSteps(steps: number, every: number): number[] {
  const multiples = Array.from({ length: Math.ceil(steps / every) }, (_, k) => k * every);
  return [...multiples, steps];
}
