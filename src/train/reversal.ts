// How a stretch of steps that can only be replayed forwards is gone through backwards in little memory: binomial checkpointing.

/** What replayed states may take unless the caller says otherwise: 256 MiB. */
export const DEFAULT_REPLAY_MEMORY = 2 ** 28;

/** States that are held at least, whatever the budget: with 8 of them no step of 12,000 is taken more than 8 times. */
const LEAST_HELD = 8;

/** C(n, k), or Infinity where it is beyond the exact integers. */
function binomial(n: number, k: number): number {
  const fewer = Math.min(k, n - k);
  if (fewer < 0) return 0;
  let value = 1;
  for (let i = 1; i <= fewer; i++) {
    value = (value * (n - fewer + i)) / i;
    if (value > Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY;
  }
  return value;
}

/** The longest stretch that `held` states between its ends reverse, when no step is taken more than `passes` times: C(held + passes, passes). */
export function longestStretch(held: number, passes: number): number {
  return passes < 0 ? 0 : binomial(held + passes, passes);
}

/** The fewest passes by which `held` states reverse `steps` steps. */
function passesFor(steps: number, held: number): number {
  let passes = 0;
  while (longestStretch(held, passes) < steps) passes++;
  return passes;
}

/** After how many steps the next state is held, where not all of them can be; any choice between the two bounds costs the least. */
function distanceToHeld(steps: number, held: number): number {
  const passes = passesFor(steps, held);
  return Math.max(longestStretch(held, passes - 2), steps - longestStretch(held - 1, passes));
}

/**
 * Where states are held on the way to the end of a stretch, counted in steps from its start, when `held` of them may be: those before
 * the last part, all states of which then fit.
 *
 * @see Griewank & Walther 2000, Algorithm 799 (revolve), ACM TOMS 26
 */
export function heldOnTheWay(steps: number, held: number): number[] {
  const places: number[] = [];
  for (let [at, free] = [0, held]; steps - at > free + 1; free--) {
    at += distanceToHeld(steps - at, free);
    places.push(at);
  }
  return places;
}

/** How many states fit into a budget; never fewer than eight. */
export function heldStates(stateBytes: number, budgetBytes = DEFAULT_REPLAY_MEMORY): number {
  return Math.max(LEAST_HELD, Math.floor(budgetBytes / Math.max(1, stateBytes)));
}

export interface ReversalPlan {
  /** Steps that are taken again in all, the last ones for comparing with the stored state there included. */
  readonly replayed: number;
  /** How often a step is taken at most. */
  readonly passes: number;
  /** States that are held at once between the ends of a stretch. */
  readonly held: number;
}

/** Steps that are taken to go backwards through one stretch whose ends are stored. */
function costOf(steps: number, held: number): number {
  if (steps === 1) return 0;
  // Ends of parts that wait to be gone through, from the start on.
  const waiting = [0];
  let [end, cost] = [steps, 1];
  while (waiting.length > 0) {
    const start = waiting[waiting.length - 1];
    if (end - start > 1) cost += end - start - 1;
    const places = heldOnTheWay(end - start, held - (waiting.length - 1));
    waiting.push(...places.map((place) => start + place));
    end = waiting.pop() as number;
  }
  return cost;
}

/** What it takes to go backwards through stretches between stored checkpoints (ascending) when `held` states may be held between two. */
export function planReversal(checkpoints: readonly number[], held: number): ReversalPlan {
  const lengths = new Map<number, number>();
  for (let k = 1; k < checkpoints.length; k++) {
    const length = checkpoints[k] - checkpoints[k - 1];
    lengths.set(length, (lengths.get(length) ?? 0) + 1);
  }
  const plan = { replayed: 0, passes: 0, held: 0 };
  for (const [length, count] of lengths) {
    plan.replayed += count * costOf(length, held);
    // The comparison with the stored state takes a step more than going through does.
    if (length > 1) plan.passes = Math.max(plan.passes, passesFor(length, held), 1);
    plan.held = Math.max(plan.held, Math.min(held, length - 1));
  }
  return plan;
}
