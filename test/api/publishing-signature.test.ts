import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Request } from 'express';
import { trustedKey } from '../../src/adapters/sigstore/keys.ts';
import { signBytes } from '../../src/adapters/sigstore/sign.ts';
import { builtInTrustedRoot } from '../../src/adapters/sigstore/trusted-root.ts';
import { createSignatureVerifier } from '../../src/adapters/sigstore/verifier.ts';
import { createStore, type PostgresStore } from '../../src/adapters/store/index.ts';
import { keepSignature } from '../../src/api/publishing-signature.ts';
import { readUpload } from '../../src/api/publishing-upload.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import { startEmbedded, type TestServer } from '../support/postgres.ts';
import { archiveOf } from '../support/publishing.ts';
import { manifestText } from '../support/registry-folder.ts';

const TEMPLATE = { name: 'shop', version: '1.0.0' };
const MANIFEST = parseTemplate(manifestText(TEMPLATE));
const ARCHIVE = archiveOf(TEMPLATE);

async function* whole(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe('a signature that is sent with an archive', () => {
  const known = generateKeyPairSync('ed25519');
  const stranger = generateKeyPairSync('ed25519');
  let postgres: TestServer;
  let store: PostgresStore;
  let digest: string;
  let signatures: ReturnType<typeof createSignatureVerifier>;

  beforeAll(async () => {
    postgres = await startEmbedded();
    store = createStore({ url: postgres.url, onIdleError: () => undefined });
    await store.migrate();
    digest = `sha256:${createHash('sha256').update(ARCHIVE).digest('hex')}`;
    const upload = await store.blobs.openUpload('publish/test', '');
    await upload.append(ARCHIVE);
    await upload.complete(ARCHIVE.length, digest);
    const keys = [trustedKey('release', known.publicKey)];
    signatures = createSignatureVerifier({ root: builtInTrustedRoot(), keys });
  }, 60_000);
  afterAll(async () => {
    await store?.close();
    await postgres?.close();
  }, 60_000);

  const keep = (bundle: string, deps: Partial<Parameters<typeof keepSignature>[0]> = { signatures }) =>
    keepSignature({ store, ...deps }, 'ann', { manifest: MANIFEST, digest, size: ARCHIVE.length }, bundle);

  it('is kept when it holds for exactly these bytes, by somebody who is known', async () => {
    const { bundle } = await signBytes(whole(ARCHIVE), known.privateKey);
    expect(await store.documents.get('signature', await keep(bundle))).toEqual({ bundle: bundle.trim() });
    expect(await keep(`${bundle}\r\n`)).toBe(await keep(bundle));
  });

  it('is refused otherwise, and the refusal is in the audit log', async () => {
    const { bundle } = await signBytes(whole(ARCHIVE), known.privateKey);
    const ofOther = await signBytes(whole(Buffer.concat([ARCHIVE, Buffer.alloc(1)])), known.privateKey);
    const byStranger = await signBytes(whole(ARCHIVE), stranger.privateKey);
    for (const refused of [ofOther.bundle, byStranger.bundle, bundle.slice(0, -10), '{}', ''])
      await expect(keep(refused)).toFailWith('signature_invalid');
    await expect(keep(bundle, {})).toFailWith('signature_invalid');
    const filter = { action: 'publish-template', code: 'signature_invalid' };
    const entries = await store.auditLog.read({ filter, order: 'newest', limit: 10 });
    expect(entries).toHaveLength(6);
    expect(entries[0]).toMatchObject({ actor: 'ann', outcome: 'denied', object: 'template/shop@1.0.0', detail: { digest } });
  });
});

describe('a form with a signature', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const asked = Object.assign(request, { get: (name: string) => request.headers[name] }) as unknown as Request;
      readUpload(asked, async (archive) => {
        for await (const _ of archive);
      }).then(
        ({ fields }) => response.end(JSON.stringify(fields)),
        (error: { code: string }) => response.end(error.code),
      );
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  async function send(signature: string, isFirst: boolean): Promise<string> {
    const form = new FormData();
    if (isFirst) form.set('signature', signature);
    form.set('archive', new Blob([new Uint8Array(ARCHIVE)]), 'template.tar');
    if (!isFirst) form.set('signature', signature);
    return (await fetch(url, { method: 'POST', body: form })).text();
  }

  it('is read before and after the archive', async () => {
    for (const isFirst of [true, false]) expect(JSON.parse(await send('a bundle', isFirst))).toEqual({ signature: 'a bundle' });
  });

  it('is refused when the signature is too long, and never cut', async () => {
    for (const isFirst of [true, false]) expect(await send('x'.repeat(128 * 1024 + 1), isFirst)).toBe('invalid_request');
    expect(JSON.parse(await send('x'.repeat(128 * 1024 - 1), true)).signature).toHaveLength(128 * 1024 - 1);
  });
});
