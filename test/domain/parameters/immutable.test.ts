import { describe, expect, it } from '@jest/globals';
import { checkImmutable } from '../../../src/domain/parameters/index.ts';
import '../../support/matchers.ts';

const schema = {
  type: 'object',
  properties: {
    database: { type: 'string', default: 'app', 'x-chandlery': { immutable: true } },
    storageClass: { type: 'string', 'x-chandlery': { immutable: true } },
    masterKey: { type: 'string', 'x-chandlery': { immutable: true, secret: true } },
    replicas: { type: 'integer' },
  },
};
const change =
  (before: object, after: object, more: object = {}) =>
  () =>
    checkImmutable(schema, { before: { ...before }, after: { ...after }, newSecrets: [], ...more });

describe('checkImmutable', () => {
  it.each([
    ['nothing changes', { database: 'x' }, { database: 'x', replicas: 3 }],
    ['the default is written out', {}, { database: 'app' }],
    ['a mutable one changes', { replicas: 1 }, { replicas: 2 }],
  ])('lets a change through when %s', (_what, before, after) => {
    expect(change(before, after)).not.toThrow();
  });

  it.each([
    ['another value', { database: 'x' }, { database: 'y' }, 'database cannot be changed any more: it is "x", and would be "y"'],
    ['back to the default', { database: 'x' }, {}, 'database cannot be changed any more: it is "x", and would be "app"'],
    [
      'a value where there was none',
      {},
      { storageClass: 'fast' },
      'storageClass cannot be changed any more: it is without a value, and would be "fast"',
    ],
    ['a value taken away', { storageClass: 'fast' }, {}, 'storageClass cannot'],
  ])('fails with parameter_immutable for %s', async (_what, before, after, message) => {
    await expect(change(before, after)).toFailWith('parameter_immutable');
    expect(change(before, after)).toThrow(message);
  });

  it('names every one of them', () => {
    expect(change({}, { database: 'y', storageClass: 'fast' })).toThrow(
      expect.objectContaining({
        details: { issues: [expect.objectContaining({ path: '/database' }), expect.objectContaining({ path: '/storageClass' })] },
      }),
    );
  });

  it('refuses any new value of a secret one that has a value', async () => {
    await expect(change({}, {}, { newSecrets: ['masterKey'] })).toFailWith('parameter_immutable');
    await expect(change({}, {}, { newSecrets: ['masterKey'], oldSecrets: ['masterKey'] })).toFailWith('parameter_immutable');
    expect(change({}, {}, { newSecrets: ['masterKey'], oldSecrets: [] })).not.toThrow();
    expect(change({}, {}, { oldSecrets: ['masterKey'] })).not.toThrow();
  });

  it('lets a parameter be set that the version before did not have', () => {
    expect(change({}, { storageClass: 'fast' }, { schemaBefore: { type: 'object', properties: {} } })).not.toThrow();
  });

  it('sees a default that another version has changed', async () => {
    const before = { type: 'object', properties: { database: { default: 'main' } } };
    await expect(change({}, {}, { schemaBefore: before })).toFailWith('parameter_immutable');
  });
});
