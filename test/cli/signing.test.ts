import { generateKeyPairSync } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { createFolderRegistry } from '../../src/adapters/registries/folder.ts';
import { bytesOf, IDENTITY, ISSUER, openChain } from '../support/sigstore/chain.ts';
import { runCli } from './support/run-cli.ts';

const MANIFEST = `apiVersion: chandlery.dev/v1
kind: Template
metadata: {name: cache, version: 1.2.0, description: A cache.}
spec:
  type: manifests
  content: {path: manifests}
`;

let dir: string;
let template: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-signing-'));
  template = join(dir, 'shop', 'cache', '1.2.0');
  await mkdir(join(template, 'manifests'), { recursive: true });
  await writeFile(join(template, 'manifests/all.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\n');
  await writeFile(join(template, 'template.yaml'), MANIFEST);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  await writeFile(join(dir, 'release.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(join(dir, 'release.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const cli = (...words: string[]) => runCli(words, {}, dir);

describe('sign and verify', () => {
  it('sign a directory as the archive it packs to', async () => {
    const signed = await cli('sign', template, '--key', 'release.pem', '-o', 'json');
    expect(signed).toMatchObject({ code: 0 });
    expect(JSON.parse(signed.stdout)).toMatchObject({ archive: 'cache-1.2.0.tar', bundle: 'cache-1.2.0.tar.sigstore.json' });
    const verified = await cli('verify', 'cache-1.2.0.tar', '--key', 'release.pub');
    expect([verified.code, verified.stdout]).toEqual([
      0,
      expect.stringContaining('signed with the required key release.pub (sha256:'),
    ]);
    expect((await cli('verify', template, '--key', 'release.pub')).code).toBe(0);
  });

  it('refuse an archive after any change', async () => {
    await cli('sign', template, '--key', 'release.pem');
    await appendFile(join(dir, 'cache-1.2.0.tar'), '\0');
    const verified = await cli('verify', 'cache-1.2.0.tar', '--key', 'release.pub');
    expect([verified.code, verified.stdout]).toEqual([
      1,
      expect.stringContaining('the signature does not hold: the signature is of other bytes'),
    ]);
    await writeFile(join(template, 'added.txt'), '');
    expect((await cli('verify', template, '--key', 'release.pub')).code).toBe(1);
  });

  it('never call it a success when nobody was asked for', async () => {
    await cli('sign', template, '--key', 'release.pem');
    const verified = await cli('verify', 'cache-1.2.0.tar');
    expect([verified.code, verified.stderr]).toEqual([1, expect.stringContaining('--key FILE')]);
    await rm(join(dir, 'cache-1.2.0.tar.sigstore.json'));
    const unsigned = await cli('verify', 'cache-1.2.0.tar', '--key', 'release.pub');
    expect([unsigned.code, unsigned.stdout]).toEqual([1, expect.stringContaining('unsigned')]);
  });

  it('verify a keyless bundle with an own trusted root', async () => {
    await cli('sign', template, '--key', 'release.pem');
    const chain = await openChain();
    await writeFile(join(dir, 'root.json'), JSON.stringify(TrustedRoot.toJSON(chain.root)));
    await writeFile(join(dir, 'keyless.json'), bytesOf(await chain.sign(await readFile(join(dir, 'cache-1.2.0.tar')))));
    const words = ['verify', 'cache-1.2.0.tar', '--bundle', 'keyless.json', '--trusted-root', 'root.json', '--issuer', ISSUER];
    const verified = await cli(...words, '--identity', IDENTITY);
    expect([verified.code, verified.stdout]).toEqual([
      0,
      expect.stringContaining(`signed by ${IDENTITY}, vouched for by ${ISSUER}`),
    ]);
    const other = await cli(...words, '--identity', 'https://github.com/acme/other/*');
    expect([other.code, other.stdout]).toEqual([1, expect.stringContaining('(unverified identity)')]);
    expect((await cli('verify', 'cache-1.2.0.tar', '--identity', IDENTITY)).code).toBe(2);
  });

  it('say clearly that there is no signing without a key', async () => {
    const { code, stderr } = await cli('sign', template);
    expect([code, stderr]).toEqual([2, expect.stringContaining('needs an OIDC provider')]);
  });

  it('do not sign what is no template', async () => {
    await writeFile(join(template, 'template.yaml'), 'kind: Nothing\n');
    expect((await cli('sign', template, '--key', 'release.pem')).code).toBe(1);
    expect((await cli('sign', 'nowhere', '--key', 'release.pem')).code).toBe(3);
  });
});

describe('a folder of templates', () => {
  it('offers the bundle beside a version, which is of the archive it serves', async () => {
    const signed = JSON.parse(
      (await cli('sign', template, '--key', 'release.pem', '--bundle', `${template}.tar.sigstore.json`, '-o', 'json')).stdout,
    );
    const registry = createFolderRegistry({ name: 'shop', type: 'private', directories: [join(dir, 'shop')] });
    expect(registry.problems()).toEqual([]);
    const set = await registry.signatures?.('cache', '1.2.0');
    expect(set).toMatchObject({ subject: signed.digest, archive: signed.digest });
    const found = [];
    for await (const document of set?.documents ?? []) found.push(document);
    expect(found).toEqual([
      { form: 'bundle', origin: `${template}.tar.sigstore.json`, bytes: await readFile(`${template}.tar.sigstore.json`) },
    ]);
  });
});
