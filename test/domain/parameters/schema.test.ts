import { describe, expect, it } from '@jest/globals';
import { describeSecrets } from '../../../src/domain/parameters/describe-secrets.ts';
import { secretEntries, secretParameters, splitParameters } from '../../../src/domain/parameters/index.ts';
import '../../support/matchers.ts';

const schema = {
  type: 'object',
  $defs: { login: { type: 'object', properties: { password: { type: 'string', 'x-chandlery': { secret: true } } } } },
  properties: {
    host: { type: 'string' },
    password: { type: 'string', minLength: 12, maxLength: 40, 'x-chandlery': { generated: 'password' } },
    tls: { 'x-chandlery': { generated: 'certificate', secret: true } },
    token: { type: 'string', 'x-chandlery': { secret: true } },
    key: { type: 'string', default: 'dev', 'x-chandlery': { secret: true } },
    database: { $ref: '#/$defs/login' },
    shown: { type: 'string', 'x-chandlery': { secret: false, order: 1 } },
  },
};

describe('secretParameters', () => {
  it('finds the marked ones, the made-up ones and those with a secret inside, also by reference', () => {
    expect(secretParameters(schema)).toEqual(['password', 'tls', 'token', 'key', 'database']);
    expect(secretParameters(undefined)).toEqual([]);
  });

  it('ends on a schema that refers to itself', () => {
    const circle = {
      type: 'object',
      $defs: { a: { properties: { b: { $ref: '#/$defs/a' } } } },
      properties: { x: { $ref: '#/$defs/a' } },
    };
    expect(secretParameters(circle)).toEqual([]);
  });
});

describe('splitParameters', () => {
  it('keeps plain and secret values apart', () => {
    expect(splitParameters(schema, { host: 'a', token: 'b', database: { password: 'c' }, odd: 1 })).toEqual({
      plain: { host: 'a', odd: 1 },
      secret: { token: 'b', database: { password: 'c' } },
    });
  });
});

describe('describeSecrets', () => {
  it('says which keys there are and whether they have a value', () => {
    expect(describeSecrets(schema, ['database'])).toEqual([
      { name: 'password', keys: ['password'], generated: 'password', minLength: 12, maxLength: 40, present: true },
      { name: 'tls', keys: ['tls.crt', 'tls.key'], generated: 'certificate', present: true },
      { name: 'token', keys: ['token'], present: false },
      { name: 'key', keys: ['key'], present: true, defaults: { key: 'dev' } },
      { name: 'database', keys: ['database'], present: true },
    ]);
  });
});

describe('secretEntries', () => {
  const tls = { name: 'tls', keys: ['tls.crt', 'tls.key'], generated: 'certificate', present: true } as const;
  const parameter = { ...tls, keys: [...tls.keys] };
  const crt = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const key = '-----BEGIN EC PRIVATE KEY-----\nBBBB\n-----END EC PRIVATE KEY-----\n';

  it('keeps a text as it is, and writes anything else as JSON', () => {
    expect(secretEntries({ name: 'a', keys: ['a'], present: true }, 'x"y')).toEqual({ a: 'x"y' });
    expect(secretEntries({ name: 'a', keys: ['a'], present: true }, { b: 1 })).toEqual({ a: '{"b":1}' });
  });

  it('takes a certificate and its key apart, in any order', () => {
    const entries = { 'tls.crt': crt + crt, 'tls.key': key };
    expect(secretEntries(parameter, crt + crt + key)).toEqual(entries);
    expect(secretEntries(parameter, key + crt + crt)).toEqual(entries);
    expect(secretEntries(parameter, { crt: crt + crt, key })).toEqual(entries);
  });

  it('fails with parameter_invalid without a key, and does not show what it was given', async () => {
    await expect(() => secretEntries(parameter, crt)).toFailWith('parameter_invalid');
    expect(() => secretEntries(parameter, crt)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('AAAA') }),
    );
  });
});
