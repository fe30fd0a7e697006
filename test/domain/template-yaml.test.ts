import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { ChandleryError } from '../../src/domain/errors.ts';
import { MANIFEST_YAML_LIMITS, readYaml } from '../../src/domain/yaml-limits.ts';

function failureOf(text: string, limits = MANIFEST_YAML_LIMITS): ChandleryError {
  try {
    readYaml(text, { file: 'x.yaml', limits });
  } catch (error) {
    if (error instanceof ChandleryError) return error;
    throw error;
  }
  throw new Error('expected the YAML to be refused');
}

describe('readYaml', () => {
  it('gives what was written, for every value JSON knows', () => {
    const key = fc.string({ maxLength: 10 }).filter((text) => text !== '__proto__');
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.integer(),
        fc.array(tie('value')),
        fc.dictionary(key, tie('value'), { noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, (any) =>
        expect(readYaml(stringify(any, { aliasDuplicateObjects: false }), { file: 'x' }).value).toEqual(any),
      ),
    );
  });

  it('finds the line and column of keys and values', () => {
    const document = readYaml('a:\n  b:\n    - x\n    - c~/d: 1.50\n', { file: 'x' });
    expect(document.locate('/a/b/1/c~0~1d')).toEqual({ line: 4, column: 13 });
    expect(document.locate('/a/b/1/c~0~1d', 'key')).toEqual({ line: 4, column: 7 });
    expect(document.locate('')).toEqual({ line: 1, column: 1 });
    expect(document.locate('/a/b/9/e')).toEqual({ line: 3, column: 5 });
    expect(document.sourceOf('/a/b/1/c~0~1d')).toBe('1.50');
    expect(document.sourceOf('/a/b')).toBeUndefined();
    expect(document.sourceOf('/nothing')).toBeUndefined();
  });

  it('reads YAML 1.2: yes is text, and a merge key is a key', () => {
    expect(readYaml('a: yes\nb: 010\nc: 0o10\nd: 2026-01-02\n<<: x\n', { file: 'x' }).value).toEqual({
      a: 'yes',
      b: 10,
      c: 8,
      d: '2026-01-02',
      '<<': 'x',
    });
    expect(readYaml('%YAML 1.1\n---\na: yes', { file: 'x' }).value).toEqual({ a: 'yes' });
  });

  it('uses the code it is told', async () => {
    await expect(() => readYaml('a: 1\na: 2', { file: 'x', code: 'invalid_request' })).toFailWith('invalid_request');
  });
});

describe('YAML that is refused', () => {
  const cases: Array<[string, string, RegExp]> = [
    ['a syntax error', 'a: [1, 2\nb: 3', /^x\.yaml:2:1: is not valid YAML/],
    ['a tab as indentation', 'a:\n\tb: 1', /^x\.yaml:2:1: .*[Tt]ab/],
    ['a second document', 'a: 1\n---\nb: 2', /^x\.yaml:2:1: holds more than one document/],
    ['a key twice', 'a:\n  b: 1\n  b: 2', /^x\.yaml:3:3: \/a\/b: key "b" is there twice/],
    ['a key twice, once quoted', 'b: 1\n"b": 2', /^x\.yaml:2:1: .*twice/],
    ['a key that is a number', '1: a', /^x\.yaml:1:1: key 1 is not text: write it in quotes/],
    ['a key that is a boolean', 'a:\n  true: a', /^x\.yaml:2:3: \/a: key true is not text/],
    ['a key that is a list', '? [a]\n: b', /^x\.yaml:1:3: key is not text/],
    ['a key that changes objects', 'a:\n  __proto__: {b: 1}', /^x\.yaml:2:3: \/a: key "__proto__" is not allowed/],
    ['a NUL character', 'a: "x\\0y"', /^x\.yaml:1:4: \/a: holds a NUL character/],
    ['half a character', 'a: "\\uD800"', /^x\.yaml:1:4: \/a: .* half of a surrogate pair/],
    ['a NUL character in a key', '"a\\0": 1', /^x\.yaml:1:1: holds a NUL character/],
    ['a number that is none', 'a: .nan', /^x\.yaml:1:4: \/a: \.nan cannot be kept exactly/],
    ['an endless number', 'a: -.inf', /^x\.yaml:1:4: \/a: -\.inf cannot be kept exactly/],
    ['a number that loses digits', 'a: 12345678901234567890', /^x\.yaml:1:4: \/a: 12345678901234567890 cannot be kept exactly/],
    ['a tag of its own', 'a: !foo x', /^x\.yaml:1:4: is not valid YAML: Unresolved tag: !foo/],
    ['binary data', 'a: !!binary aGk=', /^x\.yaml:1:13: \/a: the tag .*binary is not allowed/],
    ['a set', 'a: !!set {x}', /^x\.yaml:1:10: \/a: the tag .*set is not allowed/],
    ['an alias to nothing', 'a: *b', /^x\.yaml:1:4: (\/a: alias \*b has no anchor|is not valid YAML)/],
    ['an alias to itself', 'a: &b [*b]', /^x\.yaml:1:\d+: .*contains itself/],
  ];

  it.each(cases)('because of %s', (_what, text, message) => {
    const error = failureOf(text);
    expect(error.code).toBe('template_invalid');
    expect(error.message).toMatch(message);
  });

  it('because it is larger than allowed, counted in bytes', () => {
    expect(failureOf('ü'.repeat(60), { ...MANIFEST_YAML_LIMITS, maxBytes: 100 }).message).toMatch(
      /is 120 bytes long, at most 100/,
    );
  });

  it('because of more values than allowed', () => {
    expect(failureOf(`[${'1,'.repeat(30_000)}]`).message).toMatch(/more than 20000 values/);
  });

  it('because of more aliases than allowed', () => {
    expect(failureOf(`a: &a 1\nb: [${'*a,'.repeat(101)}]`).message).toMatch(/more than 100 aliases/);
  });

  it('because its aliases multiply to more than allowed', () => {
    const level = (name: string, of: string): string => `${name}: &${name} [${`*${of},`.repeat(9)}]\n`;
    const bomb = `a: &a [${'x,'.repeat(9)}]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}${level('f', 'e')}`;
    expect(failureOf(bomb).message).toMatch(/more than (100 aliases|20000 values)/);
    expect(failureOf(bomb, { ...MANIFEST_YAML_LIMITS, maxAliases: 1e9 }).message).toMatch(/more than 20000 values/);
  });

  const levels = 100_000;
  it.each([
    ['lists', '['.repeat(levels)],
    ['block lists', `${'- '.repeat(levels)}a`],
    ['maps', '{a: '.repeat(levels / 2)],
    ['keys', `${'? '.repeat(levels)}a`],
    ['colons', ': '.repeat(levels)],
    ['block maps', Array.from({ length: 400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('because of deep %s, without exhausting the stack', (_what, text) => {
    expect(failureOf(text).message).toMatch(/nested more than 40 levels deep/);
  });

  it('in a time that grows with its size only', () => {
    const started = performance.now();
    readYaml(Array.from({ length: 9000 }, (_, index) => `k${index}: 1`).join('\n'), { file: 'x' });
    for (const text of [
      '&a '.repeat(80_000),
      '!a '.repeat(80_000),
      `[${','.repeat(200_000)}`,
      '---\n'.repeat(60_000),
      ':'.repeat(200_000),
    ])
      failureOf(text);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
