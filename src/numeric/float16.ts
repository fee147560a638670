// Half-precision numbers (IEEE 754 binary16), which JavaScript of Node 20 has no type for.

/** The number whose binary16 pattern is `bits`: sign, 5 bits of exponent (bias 15), 10 of fraction; exact. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
