import { describe, expect, it } from '@jest/globals';
import { packFiles } from '../../../src/adapters/archive/pack.ts';
import { readChallenge } from '../../../src/adapters/oci/challenge.ts';
import { dockerCredentials } from '../../../src/adapters/oci/docker-config.ts';
import { LayerTar } from '../../../src/adapters/oci/layer-tar.ts';
import { isRepository, isTag, parseOciUrl } from '../../../src/adapters/oci/names.ts';

describe('readChallenge', () => {
  it.each([
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      {
        scheme: 'bearer',
        realm: 'https://auth.docker.io/token',
        service: 'registry.docker.io',
        scope: 'repository:a/b:pull,push',
      },
    ],
    ['bearer realm=https://a/t , service = x', { scheme: 'bearer', realm: 'https://a/t', service: 'x' }],
    ['Basic realm="a, Bearer b", Bearer realm="https://a/t"', { scheme: 'bearer', realm: 'https://a/t' }],
    ['Basic realm="x"', { scheme: 'basic' }],
    ['Basic', { scheme: 'basic' }],
    ['Bearer realm="not a url", Basic realm="x"', { scheme: 'basic' }],
    ['Negotiate abc==', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j', (header, expected) => {
    expect(readChallenge(header)).toEqual(expected);
  });

  it('takes no time for a hostile header', () => {
    const started = performance.now();
    readChallenge(`Bearer realm="${'\\"'.repeat(100_000)}`);
    readChallenge('a='.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('parseOciUrl', () => {
  it.each([
    ['oci://ghcr.io/acme/charts', { origin: 'https://ghcr.io', host: 'ghcr.io', path: 'acme/charts' }],
    ['oci://localhost:5000', { origin: 'https://localhost:5000', host: 'localhost:5000', path: '' }],
    ['http://127.0.0.1:5000/charts/', { origin: 'http://127.0.0.1:5000', host: '127.0.0.1:5000', path: 'charts' }],
    ['oci://docker.io/acme', { origin: 'https://registry-1.docker.io', host: 'docker.io', path: 'acme' }],
  ])('reads %s', (url, expected) => {
    expect(parseOciUrl(url)).toEqual(expected);
  });

  it.each(['ftp://x/y', 'oci:///y', 'oci://x/Upper', 'oci://x/a//b', 'oci://x/a%2fb', 'nothing'])('refuses %s', async (url) => {
    await expect(() => parseOciUrl(url)).toFailWith('config_invalid');
  });

  it('knows names', () => {
    expect(['a', 'a/b', 'a-b__c.d/e'].every(isRepository)).toBe(true);
    expect(['', 'a/', '../a', 'A', 'a b', 'a'.repeat(300)].some(isRepository)).toBe(false);
    expect([isTag('1.0.0_b'), isTag('.x'), isTag('a/b')]).toEqual([true, false, false]);
  });
});

describe('dockerCredentials', () => {
  const read = (config: unknown, host = 'ghcr.io') => dockerCredentials(JSON.stringify(config), 'config.json', host);
  const auth = Buffer.from('me:pass:word').toString('base64');

  it('reads what docker login writes', () => {
    expect(read({ auths: { 'ghcr.io': { auth } } })).toEqual({ type: 'basic', username: 'me', password: 'pass:word' });
    expect(read({ auths: { 'https://index.docker.io/v1/': { auth } } }, 'docker.io')).toMatchObject({ username: 'me' });
    expect(read({ auths: { 'ghcr.io': { auth, identitytoken: 'abc' } } })).toEqual({ type: 'identity-token', token: 'abc' });
    expect(read({ auths: { 'ghcr.io': { registrytoken: 'abc' } } })).toEqual({ type: 'token', token: 'abc' });
    expect(read({ auths: { 'ghcr.io': { username: 'me', password: 'x' } } })).toEqual({
      type: 'basic',
      username: 'me',
      password: 'x',
    });
    expect(read({ auths: { 'quay.io': { auth } } })).toBeUndefined();
    expect(read({ credsStore: 'desktop' })).toBeUndefined();
  });

  it.each([
    ['a helper', { credHelpers: { 'ghcr.io': 'gcloud' } }, 'helper'],
    ['a store', { auths: { 'ghcr.io': {} }, credsStore: 'desktop' }, 'helper'],
    ['something that is no credential', { auths: { 'ghcr.io': { auth: 'c2VjcmV0' } } }, 'base64'],
    ['another shape', { auths: { 'ghcr.io': { auth: 7 } } }, 'auths'],
  ])('refuses %s in words', async (_, config, word) => {
    await expect(() => read(config)).toFailWith('config_invalid');
    expect(() => read(config)).toThrow(word);
    expect(() => read(config)).not.toThrow('c2VjcmV0');
  });

  it('refuses what is not JSON', async () => {
    await expect(() => dockerCredentials('{"auths":', 'config.json', 'x')).toFailWith('config_invalid');
  });
});

describe('LayerTar', () => {
  const found = (tar: Buffer, path: string, step: number) => {
    const bodies: string[] = [];
    const reader = new LayerTar(
      (entry) => entry.path === path,
      (_, body) => bodies.push(body.toString()),
    );
    for (let at = 0; at < tar.length; at += step) reader.write(tar.subarray(at, at + step));
    reader.end();
    return bodies;
  };
  const long = `${'a-long-folder-name/'.repeat(10)}file`;
  const tar = packFiles([
    { path: 'data/schema.yaml', data: Buffer.from('schema') },
    { path: 'data/empty', data: Buffer.alloc(0) },
    { path: long, data: Buffer.from('far down') },
    { path: 'block', data: Buffer.alloc(512, 'x') },
  ]);

  it.each([1, 7, 512, 100_000])('finds files in pieces of %d bytes', (step) => {
    expect(found(tar, 'data/schema.yaml', step)).toEqual(['schema']);
    expect(found(tar, 'data/empty', step)).toEqual(['']);
    expect(found(tar, long, step)).toEqual(['far down']);
    expect(found(tar, 'block', step)).toEqual(['x'.repeat(512)]);
    expect(found(tar, 'none', step)).toEqual([]);
  });

  it('refuses what is cut off or no tar', async () => {
    await expect(() => found(tar.subarray(0, 700), 'x', 512)).toFailWith('archive_invalid');
    await expect(() => found(Buffer.alloc(1024, 'x'), 'x', 512)).toFailWith('archive_invalid');
  });
});
