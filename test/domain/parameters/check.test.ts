import { describe, expect, it } from '@jest/globals';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { checkParameters, PARAMETER_VALUE_LIMITS, type ParametersToCheck } from '../../../src/domain/parameters/index.ts';
import '../../support/matchers.ts';

const schema = {
  type: 'object',
  required: ['image'],
  additionalProperties: false,
  properties: {
    image: { type: 'string', minLength: 1 },
    replicas: { type: 'integer', minimum: 0, maximum: 20, default: 2 },
    storage: { type: 'string', description: 'Size of the volume.', pattern: '^[0-9]+(Mi|Gi)$' },
    host: { type: 'string', format: 'hostname' },
    size: { type: 'string', enum: ['S', 'M', 'L'], default: 'S' },
    cache: {
      type: 'object',
      properties: {
        ttl: { type: 'integer', default: 60 },
        limits: { type: 'object', properties: { max: { default: 10 } }, default: {} },
      },
    },
  },
};

function issuesOf(input: ParametersToCheck): Array<{ path: string; message: string }> {
  try {
    checkParameters(input);
  } catch (error) {
    if (error instanceof ChandleryError) return [{ path: error.code, message: error.message }, ...(error.details.issues ?? [])];
    throw error;
  }
  return [];
}

const check = (plain: Record<string, unknown>) => issuesOf({ schema, plain }).slice(1);

describe('checkParameters', () => {
  it('puts defaults in, at every level that is there', () => {
    expect(checkParameters({ schema, plain: { image: 'x' } }).plain).toEqual({ image: 'x', replicas: 2, size: 'S' });
    expect(checkParameters({ schema, plain: { image: 'x', cache: {} } }).plain.cache).toEqual({ ttl: 60, limits: { max: 10 } });
  });

  it('leaves what it was given as it was', () => {
    const plain = { image: 'x', cache: {} };
    checkParameters({ schema, plain });
    expect(plain).toEqual({ image: 'x', cache: {} });
  });

  it.each([
    [{}, '/image', 'is required: give it a value'],
    [{ image: 'x', replicas: 21 }, '/replicas', 'must be at most 20'],
    [{ image: 'x', replicas: '2' }, '/replicas', 'must be a whole number, not text'],
    [{ image: 'x', storage: '5x' }, '/storage', '"5x" does not fit the pattern ^[0-9]+(Mi|Gi)$'],
    [{ image: 'x', host: 'a b' }, '/host', '"a b" is not a host name such as www.example.org'],
    [{ image: 'x', size: 'LX' }, '/size', 'must be one of S, M, L, not "LX": did you mean "L"?'],
    [{ image: 'x', replica: 3 }, '/replica', 'there is no such parameter: did you mean "replicas"?'],
    [
      { image: 'x', zzz: 3 },
      '/zzz',
      'there is no such parameter: the template takes image, replicas, storage, host, size, cache',
    ],
    [{ image: 'x', cache: { ttl: 'long' } }, '/cache/ttl', 'must be a whole number, not text'],
  ])('says of %j what is wrong and what is allowed', (plain, path, message) => {
    expect(check(plain)).toEqual([{ path, message }]);
  });

  it('names every parameter that is wrong, the first in the message', () => {
    const [summary, ...issues] = issuesOf({ schema, plain: { replicas: -1, image: '' } });
    expect(summary).toEqual({ path: 'parameter_invalid', message: expect.stringMatching(/^parameter \w+: .* \(and 1 more\)$/) });
    expect(issues.map(({ path }) => path).sort()).toEqual(['/image', '/replicas']);
  });

  it('takes no parameter at all without a schema', () => {
    expect(issuesOf({ schema: undefined, plain: { a: 1 }, template: 'x@1.0.0' })[1]?.message).toBe(
      'there is no such parameter: x@1.0.0 takes none',
    );
  });

  it('takes names that the author lets in', () => {
    const open = { type: 'object', additionalProperties: { type: 'integer' } };
    expect(checkParameters({ schema: open, plain: { a: 1 } }).plain).toEqual({ a: 1 });
    expect(issuesOf({ schema: open, plain: { a: 'b' } })[1]).toEqual({ path: '/a', message: 'must be a whole number, not text' });
  });
});

describe('secret parameters', () => {
  const withSecrets = {
    type: 'object',
    required: ['password', 'token'],
    properties: {
      password: { type: 'string', minLength: 12, 'x-chandlery': { generated: 'password', secret: true } },
      token: { type: 'string', pattern: '^tok-', 'x-chandlery': { secret: true } },
      pin: { type: 'integer', enum: [1111, 2222], 'x-chandlery': { secret: true } },
      user: { type: 'string', default: 'app' },
    },
    dependentRequired: { user: ['token'] },
  };

  it('count as given when they are made up or have a value already', () => {
    expect(checkParameters({ schema: withSecrets, plain: {}, secretNames: ['token'] })).toEqual({
      plain: { user: 'app' },
      secret: {},
    });
    expect(issuesOf({ schema: withSecrets, plain: {} }).slice(1)).toContainEqual({
      path: '/token',
      message: 'is required: give it a value',
    });
  });

  it('are checked where their values are at hand, and never shown', () => {
    const secret = { token: 'hunter2-hunter2', password: 'short-pass', pin: 4711 };
    const issues = issuesOf({ schema: withSecrets, plain: {}, secret, secretNames: Object.keys(secret) });
    expect(
      issues
        .slice(1)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['/password', '/pin', '/token']);
    expect(JSON.stringify(issues)).not.toMatch(/hunter2|short-pass|4711/);
  });

  it('give their defaults apart from the plain ones', () => {
    const defaulted = {
      type: 'object',
      properties: { key: { type: 'string', default: 'dev', 'x-chandlery': { secret: true } } },
    };
    expect(checkParameters({ schema: defaulted, plain: {} })).toEqual({ plain: {}, secret: { key: 'dev' } });
    expect(checkParameters({ schema: defaulted, plain: {}, secretNames: ['key'] })).toEqual({ plain: {}, secret: {} });
  });

  it('must be given again when a plain one has become secret', () => {
    expect(issuesOf({ schema: withSecrets, plain: { token: 'tok-1' } })[1]?.path).toBe('/token');
    expect(checkParameters({ schema: withSecrets, plain: { token: 'tok-1' }, secretNames: ['token'] }).plain).toEqual({
      user: 'app',
    });
  });
});

describe('values that are too large or unsafe', () => {
  const open = { type: 'object', additionalProperties: true };
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  const text = (bytes: number) => 'x'.repeat(bytes);

  it.each([
    ['one is too long', { a: text(PARAMETER_VALUE_LIMITS.maxValueBytes) }, '/a'],
    ['all are too long', Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, text(60_000)])), '/e'],
    ['one is nested too deep', { a: nested(PARAMETER_VALUE_LIMITS.maxDepth) }, '/a'],
    ['they have too many parts', { a: Array.from({ length: PARAMETER_VALUE_LIMITS.maxNodes }, () => 1) }, '/a'],
    ['one has the mark of a secret', { a: ['\u{10F9C0}password\u{10F9C1}'] }, '/a'],
    ['one has a NUL', { a: 'x\0' }, '/a'],
    ['one has half a character', { a: { b: '\ud800' } }, '/a'],
    ['a key has the mark of a secret', { a: { '\u{10F9C1}': 1 } }, '/a'],
    ['one would change an object', { a: JSON.parse('{"__proto__": 1}') }, '/a'],
  ])('are refused when %s', (_what, plain, path) => {
    const [summary, issue] = issuesOf({ schema: open, plain });
    expect([summary?.path, issue?.path]).toEqual(['parameter_invalid', path]);
    expect((issue?.message ?? '').length).toBeLessThan(200);
  });
});

describe('a schema that takes too long', () => {
  it('fails with template_invalid for a pattern that backtracks', async () => {
    const evil = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
    await expect(() => checkParameters({ schema: evil, plain: { a: `${'a'.repeat(60)}!` } })).toFailWith('template_invalid');
    expect(checkParameters({ schema: evil, plain: { a: 'aaa' } }).plain).toEqual({ a: 'aaa' });
  });
});
