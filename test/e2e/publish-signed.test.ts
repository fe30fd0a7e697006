import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signBytes } from '../../src/adapters/sigstore/sign.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import { runCli } from '../cli/support/run-cli.ts';
import { CheckedClient } from '../support/openapi-check.ts';
import { archiveOf, clientFor, postForm } from '../support/publishing.ts';
import { openShopLab, type ShopLab } from '../support/shop-lab.ts';

/** What is published with a signature, and installed from where only signed templates are let in. */

const RELEASE = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const STRANGER = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const POLICY = `apiVersion: chandlery.dev/v1
kind: RegistryPolicy
metadata: { name: own }
spec: { registries: [local], require: signature, keys: [release] }
`;

let dir: string;
let shop: ShopLab;
let api: CheckedClient;
let ann: ApiClient;
let lastName = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-signed-'));
  await Promise.all([mkdir(join(dir, 'keys')), mkdir(join(dir, 'policies'))]);
  await writeFile(join(dir, 'keys', 'release.pub'), RELEASE.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(join(dir, 'release.pem'), RELEASE.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(join(dir, 'policies', 'own.yaml'), POLICY);
  shop = await openShopLab({
    registries: [],
    env: { CHANDLERY_SIGNING_KEYS: join(dir, 'keys'), CHANDLERY_POLICIES: join(dir, 'policies') },
  });
  await shop.lab.startWorker();
  api = new CheckedClient(shop.api, (await shop.api.get('/openapi.json')).body);
  ann = await clientFor(shop.api, 'ann');
}, 180_000);

afterAll(async () => {
  await shop?.close();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

const fresh = () => ({ name: `signed-${++lastName}`, version: '1.0.0' });
const bundleOf = async (bytes: Buffer, { privateKey }: typeof RELEASE) =>
  (
    await signBytes(
      (async function* () {
        yield bytes;
      })(),
      privateKey,
    )
  ).bundle;

function send(archive: Buffer, signature?: string, signatureFirst = true) {
  const form = new FormData();
  form.set('registry', 'local');
  if (signature !== undefined && signatureFirst) form.set('signature', signature);
  form.set('archive', new Blob([new Uint8Array(archive)]), 'template.tar');
  if (signature !== undefined && !signatureFirst) form.set('signature', signature);
  return postForm(ann, form);
}

async function published(archive: Buffer, signature?: string) {
  const { status, body } = await send(archive, signature);
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return api.ended(body.operation);
}

async function installed(name: string) {
  const { body } = await ann.call('POST', '/api/v1/installs', {
    namespace: `team-${++lastName}`,
    ref: `local/${name}`,
    acceptUnsigned: true,
  });
  return api.ended(body.operation);
}

describe('a template that is published with a signature', () => {
  it('keeps it, offers it, and is let in where it is required', async () => {
    const template = fresh();
    const archive = archiveOf(template);
    const signature = await bundleOf(archive, RELEASE);
    const operation = await published(archive, signature);
    expect(operation).toMatchObject({ state: 'succeeded', result: { changed: true, signed: true } });
    expect((await api.get(`/api/v1/templates/${template.name}?scope=local`)).body.signatures).toEqual([signature.trim()]);
    expect((await installed(template.name)).state).toBe('succeeded');
  });

  it('may come later, with the same bytes', async () => {
    const template = fresh();
    const archive = archiveOf(template);
    await published(archive);
    expect(await installed(template.name)).toMatchObject({ state: 'failed', failure: { code: 'signature_invalid' } });
    const again = await published(archive, await bundleOf(archive, RELEASE));
    expect(again).toMatchObject({ state: 'succeeded', result: { changed: false, signed: true } });
    expect(again.steps.find(({ name }) => name === 'publish')?.detail).toContain('the signature was added');
    expect((await installed(template.name)).state).toBe('succeeded');
  });

  it.each([
    ['of another artifact', async () => bundleOf(archiveOf(fresh()), RELEASE)],
    ['by a stranger', async (archive: Buffer) => bundleOf(archive, STRANGER)],
    ['that is none', async () => '{"a": "bundle"}'],
    [
      'with a changed bit',
      async (archive: Buffer) => (await bundleOf(archive, RELEASE)).replace(/"signature":"(....)./, '"signature":"$1A'),
    ],
  ])('is refused with a signature %s, and nothing is published', async (_, make) => {
    const template = fresh();
    const archive = archiveOf(template);
    const signature = await make(archive);
    for (const first of [true, false]) {
      const { status, body } = await send(archive, signature, first);
      expect([status, body.code]).toEqual([422, 'signature_invalid']);
    }
    expect((await api.get(`/api/v1/templates/${template.name}`)).status).toBe(404);
  });

  it('is refused with a signature that is too long', async () => {
    const { status, body } = await send(archiveOf(fresh()), 'x'.repeat(200_000));
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  });

  it('is published by the command line as it was signed there', async () => {
    const template = fresh();
    const file = join(dir, `${template.name}.tar`);
    await writeFile(file, archiveOf(template));
    const env = { CHANDLERY_URL: ann.url, CHANDLERY_TOKEN: ann.token };
    expect(await runCli(['sign', file, '--key', join(dir, 'release.pem')], env, dir)).toMatchObject({ code: 0 });
    const bundle = `${file}.sigstore.json`;
    expect(await runCli(['publish', file, '--registry', 'local', '--bundle', bundle], env, dir)).toMatchObject({ code: 0 });
    expect(await runCli(['install', `local/${template.name}`, '-n', 'team-cli'], env, dir)).toMatchObject({ code: 0 });
    const shown = await runCli(['installed', template.name, '-n', 'team-cli'], env, dir);
    expect(shown.stdout).toMatch(/signature +signed with the required key release \(sha256:/);
    expect(await runCli(['publish', file, '--bundle', join(dir, 'none')], env, dir)).toMatchObject({ code: 3 });
  });
});
