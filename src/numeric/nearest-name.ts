// The name that somebody probably meant: nearest by edits (optimal string alignment, Damerau 1964).

/** Fewest insertions, deletions, replacements and swaps of neighbours that turn one string into the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, replaced);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/** The names that `name` may have been meant to be: at most a third of its letters away, nearest first; at most `limit`. */
export function nearestNames(name: string, names: readonly string[], limit = 3): string[] {
  const farthest = Math.max(1, Math.floor(name.length / 3));
  return names
    .map((other) => ({ other, distance: editDistance(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ distance }) => distance <= farthest)
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, limit)
    .map(({ other }) => other);
}

/** The first of `nearestNames`, if there is one. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  return nearestNames(name, [...names], 1)[0];
}
