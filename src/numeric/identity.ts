// A number for each object, for keys of what is kept by it: two functions of one name are two.

const numbers = new WeakMap<object, number>();
let given = 0;

/** The object's own number: the same at every call, of no other object in this process. */
export function identityOf(object: object): number {
  const known = numbers.get(object) ?? ++given;
  numbers.set(object, known);
  return known;
}
