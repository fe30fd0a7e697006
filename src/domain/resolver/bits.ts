/** Bits made once: a large catalog asks for them hundreds of thousands of times, and has few versions of each template. */
const KEPT = 256;
const BITS = Array.from({ length: KEPT }, (_, index) => 1n << BigInt(index + 1));

/** The bit of a candidate, by its place in the order of preference; the first bit means that none is chosen. */
export function bitOf(index: number): bigint {
  return BITS[index] ?? 1n << BigInt(index + 1);
}
