// Orders of axes and their inverses.

/** The permutation that undoes `perm`. */
export function inverse(perm: readonly number[]): number[] {
  const result = new Array<number>(perm.length);
  perm.forEach((axis, i) => {
    result[axis] = i;
  });
  return result;
}
