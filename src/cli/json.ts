// One JSON value on stdout: numbers in full precision, what is not finite as null and named in a list.

interface NonFinite {
  readonly path: string;
  readonly value: string;
}

function isNumbers(value: unknown): value is Float64Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function plain(value: unknown, path: string, found: NonFinite[]): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    found.push({ path, value: String(value) });
    return null;
  }
  if (typeof value === "bigint") return Number(value);
  if (isNumbers(value)) return Array.from(value, (element, i) => plain(element, `${path}[${i}]`, found));
  if (Array.isArray(value)) return value.map((element, i) => plain(element, `${path}[${i}]`, found));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.map(([key, member]) => [key, plain(member, path === "" ? key : `${path}.${key}`, found)]),
  );
}

/**
 * The envelope `{"schema":"pathkernel.NAME/1", ..., "nonFinite":[...]}` in pieces, one for each element of a top-level array, so
 * that contributions of many rows never make one string. NaN and infinities become null and are listed with their paths.
 */
export function* jsonPieces(schema: string, value: Readonly<Record<string, unknown>>): Generator<string> {
  const found: NonFinite[] = [];
  yield `{"schema":${JSON.stringify(schema)}`;
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `,${JSON.stringify(key)}:`;
    if (!Array.isArray(member)) {
      yield JSON.stringify(plain(member, key, found));
      continue;
    }
    yield "[";
    for (const [i, element] of member.entries()) {
      yield `${i === 0 ? "" : ","}${JSON.stringify(plain(element, `${key}[${i}]`, found))}`;
    }
    yield "]";
  }
  yield `,"nonFinite":${JSON.stringify(found)}}\n`;
}
