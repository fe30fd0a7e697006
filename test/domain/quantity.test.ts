import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  maxQuantity,
  multiplyQuantity,
  parseQuantity,
  type Quantity,
  subtractQuantities,
  ZERO,
} from '../../src/domain/quantity.ts';

function quantity(text: string | number): Quantity {
  const parsed = parseQuantity(text);
  if (!parsed) throw new Error(`${text} was not read as a quantity`);
  return parsed;
}

describe('parseQuantity', () => {
  it.each([
    ['0', 0n],
    ['1', 1_000_000_000n],
    ['250m', 250_000_000n],
    ['0.5', 500_000_000n],
    ['.5', 500_000_000n],
    ['5.', 5_000_000_000n],
    ['-1.5', -1_500_000_000n],
    ['+3', 3_000_000_000n],
    ['1n', 1n],
    ['1u', 1_000n],
    ['2k', 2_000_000_000_000n],
    ['1Ki', 1_024_000_000_000n],
    ['1.5Gi', 1_610_612_736_000_000_000n],
    ['0.1Ki', 102_400_000_000n],
    ['1e3', 1_000_000_000_000n],
    ['1E3', 1_000_000_000_000n],
    ['25e-1', 2_500_000_000n],
    ['1E', 1_000_000_000_000_000_000_000_000_000n],
    ['1Ei', 1_152_921_504_606_846_976_000_000_000n],
  ])('reads %s', (text, nanos) => expect(quantity(text).nanos).toBe(nanos));

  it('reads numbers as YAML gives them', () => {
    expect([quantity(2).nanos, quantity(0.25).nanos]).toEqual([2_000_000_000n, 250_000_000n]);
  });

  it('rounds what is finer than a billionth away from zero', () => {
    expect([quantity('0.0000000001').nanos, quantity('-1.5n').nanos]).toEqual([1n, -2n]);
  });

  it.each([
    '',
    ' ',
    '.',
    'm',
    '1 Gi',
    '1GI',
    '1gi',
    '1K',
    '1e',
    'e3',
    '1e99',
    '5k3',
    '1.2.3',
    '0x10',
    '1,5',
    'NaN',
    '9'.repeat(65),
  ])('refuses %j', (text) => expect(parseQuantity(text)).toBeUndefined());
});

describe('formatQuantity', () => {
  it.each([
    ['0', '0'],
    ['0Gi', '0'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['1000', '1k'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['512Ki', '512Ki'],
    ['0.5Ki', '512'],
    ['-2Gi', '-2Gi'],
    ['1e3', '1e3'],
    ['1500e-3', '1500e-3'],
    ['0.001e3', '1'],
    ['100n', '100n'],
    ['1Ei', '1Ei'],
    ['1024Ei', '1024Ei'],
  ])('writes %s as %s', (text, canonical) => expect(formatQuantity(quantity(text))).toBe(canonical));
});

describe('arithmetic', () => {
  it('keeps the notation of the first amount', () => {
    expect(formatQuantity(addQuantities(quantity('1Gi'), quantity('512M')))).toBe('1548576Ki');
    expect(formatQuantity(addQuantities(quantity('1Gi'), quantity('512Mi')))).toBe('1536Mi');
    expect(formatQuantity(addQuantities(ZERO, quantity('3Mi')))).toBe('3Mi');
  });

  it('subtracts, multiplies, compares', () => {
    expect(formatQuantity(subtractQuantities(quantity('250m'), quantity('1')))).toBe('-750m');
    expect(formatQuantity(multiplyQuantity(quantity('333m'), 3))).toBe('999m');
    expect(compareQuantities(quantity('1Ki'), quantity('1024'))).toBe(0);
    expect(compareQuantities(quantity('1Ki'), quantity('1k'))).toBeGreaterThan(0);
    expect(maxQuantity(quantity('1k'), quantity('1Ki'))).toEqual(quantity('1Ki'));
  });

  const amounts = fc
    .record({
      whole: fc.nat({ max: 1_000_000 }),
      decimals: fc.stringMatching(/^\d{0,3}$/),
      suffix: fc.constantFrom('m', '', 'k', 'Ki', 'Mi', 'Gi', 'M', 'e3'),
      sign: fc.constantFrom('', '-'),
    })
    .map(({ whole, decimals, suffix, sign }) => `${sign}${whole}${decimals === '' ? '' : `.${decimals}`}${suffix}`);

  it('writes every amount so that it is read as the same amount', () => {
    fc.assert(fc.property(amounts, (text) => compareQuantities(quantity(formatQuantity(quantity(text))), quantity(text)) === 0));
  });

  it('writes an amount one way, however it was written', () => {
    fc.assert(
      fc.property(amounts, (text) => {
        const once = formatQuantity(quantity(text));
        return formatQuantity(quantity(once)) === once;
      }),
    );
  });

  it('adds exactly: in any order, and back again', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const [x, y] = [quantity(a), quantity(b)];
        const total = addQuantities(x, y);
        return compareQuantities(total, addQuantities(y, x)) === 0 && compareQuantities(subtractQuantities(total, y), x) === 0;
      }),
    );
  });

  it('orders amounts as their sums do', () => {
    fc.assert(
      fc.property(amounts, amounts, amounts, (a, b, c) => {
        const [x, y, z] = [quantity(a), quantity(b), quantity(c)];
        return compareQuantities(x, y) === compareQuantities(addQuantities(x, z), addQuantities(y, z));
      }),
    );
  });
});
