import { describe, expect, it } from '@jest/globals';
import { hasToken, resolveTokens, secretToken, tokenKeys } from '../../../src/domain/render/index.ts';
import { misplacedToken } from '../../../src/domain/render/secret-tokens.ts';
import '../../support/matchers.ts';

const secret = (body: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, ...body });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const password = secretToken('password');

describe('resolveTokens', () => {
  it('makes data of stringData, with the values put in', () => {
    const object = secret({
      stringData: { url: `redis://:${password}@redis:6379/0`, user: 'app' },
      data: { raw: base64('x'), whole: password },
    });
    expect(resolveTokens(object, { password: 'p$&"\n' })).toEqual(
      secret({
        data: { raw: base64('x'), whole: base64('p$&"\n'), url: base64('redis://:p$&"\n@redis:6379/0'), user: base64('app') },
      }),
    );
  });

  it('lets stringData win over data, as Kubernetes does', () => {
    expect(resolveTokens(secret({ data: { a: base64('old') }, stringData: { a: 'new' } }), {})).toEqual(
      secret({ data: { a: base64('new') } }),
    );
  });

  it('leaves other objects and Secrets without values alone', () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: 'b' } };
    expect(resolveTokens(map, {})).toBe(map);
    expect(resolveTokens(secret({ type: 'Opaque' }), {})).toEqual(secret({ type: 'Opaque' }));
  });

  it('fails with secret_input_gone when a value is not there, without showing others', async () => {
    const object = secret({ stringData: { a: secretToken('token') } });
    await expect(() => resolveTokens(object, { password: 'hunter2' })).toFailWith('secret_input_gone');
    await expect(() => resolveTokens(secret({ stringData: { a: secretToken('toString') } }), {})).toFailWith('secret_input_gone');
  });

  it('fails with template_invalid rather than put a secret anywhere else', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ args: [password] }] } };
    await expect(() => resolveTokens(pod, { password: 'x' })).toFailWith('template_invalid');
  });
});

describe('misplacedToken', () => {
  it.each([
    ['a label of a Secret', secret({ metadata: { name: 'db', labels: { a: password } } }), '/metadata/labels/a'],
    ['a name', secret({ metadata: { name: password } }), '/metadata/name'],
    ['a key', secret({ stringData: { [password]: 'x' } }), `/stringData/${password}`],
    ['a part of base64', secret({ data: { a: `eHg=${password}` } }), '/data/a'],
    ['deeper than a value', secret({ stringData: { a: { b: password } } }), '/stringData/a/b'],
    ['a broken token', secret({ stringData: { a: password.slice(0, -2) } }), '/stringData/a'],
    [
      'a kind of the same name in another group',
      { ...secret({ stringData: { a: password } }), apiVersion: 'example.org/v1' },
      '/stringData/a',
    ],
    ['a ConfigMap', { ...secret({ data: { a: password } }), kind: 'ConfigMap' }, '/data/a'],
  ])('finds %s', (_what, object, pointer) => {
    expect(misplacedToken(object)).toBe(pointer);
  });

  it('finds nothing where secrets belong', () => {
    expect(misplacedToken(secret({ data: { a: password }, stringData: { b: `x${password}y` } }))).toBeUndefined();
  });
});

describe('tokenKeys', () => {
  it('lists the keys of an object, each once', () => {
    const object = secret({ stringData: { a: `${secretToken('b')}${secretToken('a')}`, b: secretToken('b') } });
    expect(tokenKeys(object)).toEqual(['a', 'b']);
    expect([hasToken(object), hasToken(secret({}))]).toEqual([true, false]);
  });
});
