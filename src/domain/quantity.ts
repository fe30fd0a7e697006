/**
 * Kubernetes quantities (`250m`, `512Mi`, `1.5`, `2e3`), exactly. Rules: k8s.io/apimachinery/pkg/api/resource. A quantity is a whole
 * number of billionths; what is finer is rounded away from zero, as the API server does.
 */

/** How it was written, and is written again. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

export interface Quantity {
  /** billionths of the unit */
  nanos: bigint;
  format: QuantityFormat;
}

const NANOS = 1_000_000_000n;
const NANO_DIGITS = 9;
const QUANTITY = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))([a-zA-Z]*)([+-]?\d+)?$/;
/** Longest text read as a quantity: the largest one has 19 digits and 9 decimals. */
const MAX_LENGTH = 64;
/** Largest exponent: 1e18 is about the largest value Kubernetes holds (2^63 - 1). */
const MAX_EXPONENT = 18;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

export const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' };

/** Undefined for a text that is no quantity. A number counts as its decimal text, as in YAML (`cpu: 2`). */
export function parseQuantity(value: string | number): Quantity | undefined {
  const text = String(value);
  const match = text.length <= MAX_LENGTH ? QUANTITY.exec(text) : null;
  if (!match) return undefined;
  const [, sign = '', whole = '', decimals, bareDecimals, suffix = '', exponent] = match;
  const scale = scaleOf(suffix, exponent);
  if (!scale) return undefined;
  const fraction = decimals ?? bareDecimals ?? '';
  const digits = BigInt(`${whole}${fraction}` || '0');
  // digits * 2^binary * 10^power is the value in billionths.
  const power = NANO_DIGITS + scale.power - fraction.length;
  const scaled = digits * scale.factor;
  const nanos = power >= 0 ? scaled * 10n ** BigInt(power) : divideUp(scaled, 10n ** BigInt(-power));
  return { nanos: sign === '-' ? -nanos : nanos, format: scale.format };
}

interface Scale {
  factor: bigint;
  power: number;
  format: QuantityFormat;
}

function scaleOf(suffix: string, exponent: string | undefined): Scale | undefined {
  if (exponent !== undefined) {
    const power = Number(exponent);
    const known = (suffix === 'e' || suffix === 'E') && Math.abs(power) <= MAX_EXPONENT;
    return known ? { factor: 1n, power, format: 'DecimalExponent' } : undefined;
  }
  const binary = suffix === '' ? -1 : BINARY.indexOf(suffix);
  if (binary > 0) return { factor: 1024n ** BigInt(binary), power: 0, format: 'BinarySI' };
  const decimal = DECIMAL.indexOf(suffix);
  return decimal < 0 ? undefined : { factor: 1n, power: (decimal - DECIMAL.indexOf('')) * 3, format: 'DecimalSI' };
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/** The canonical text, as the API server writes it: no decimals, the largest suffix that needs none. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  // Below 1024, and where a part of a unit is left over, the binary suffixes cannot say it.
  if (format === 'BinarySI' && size % NANOS === 0n && size >= 1024n * NANOS) return `${sign}${binaryText(size / NANOS)}`;
  return `${sign}${decimalText(size, format)}`;
}

function binaryText(units: bigint): string {
  let rest = units;
  let step = 0;
  while (rest % 1024n === 0n && step < BINARY.length - 1) {
    rest /= 1024n;
    step += 1;
  }
  return `${rest}${BINARY[step]}`;
}

function decimalText(nanos: bigint, format: QuantityFormat): string {
  let rest = nanos;
  let step = 0;
  while (rest % 1000n === 0n && step < DECIMAL.length - 1) {
    rest /= 1000n;
    step += 1;
  }
  const power = (step - DECIMAL.indexOf('')) * 3;
  if (format === 'DecimalExponent') return power === 0 ? String(rest) : `${rest}e${power}`;
  return `${rest}${DECIMAL[step]}`;
}

/** The sum, written as the first one is; as the second where the first is nothing. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** `a` less `b`; may be negative. */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return addQuantities(a, { nanos: -b.nanos, format: b.format });
}

/** `times` must be a whole number. */
export function multiplyQuantity({ nanos, format }: Quantity, times: number): Quantity {
  return { nanos: nanos * BigInt(times), format };
}

/** Negative when `a` is smaller, 0 when they are the same amount, however written. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  if (a.nanos === b.nanos) return 0;
  return a.nanos < b.nanos ? -1 : 1;
}

/** The larger one. */
export function maxQuantity(a: Quantity, b: Quantity): Quantity {
  return compareQuantities(a, b) < 0 ? b : a;
}
