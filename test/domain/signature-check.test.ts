import { describe, expect, it } from '@jest/globals';
import type { RegistryPlugin } from '../../src/domain/registry.ts';
import type { SignatureSet, SignedSubject } from '../../src/domain/signature.ts';
import { verdictOf } from '../../src/domain/signature.ts';
import { createSignatureCheck } from '../../src/domain/signature-check.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const MANIFEST = `sha256:${'b'.repeat(64)}`;
const ARCHIVE = { registry: 'shop', name: 'cache', version: '1.0.0', digest: DIGEST };

async function* nothing(): AsyncGenerator<never> {}

function checkWith(set: SignatureSet | undefined) {
  const asked: SignedSubject[] = [];
  const plugin = { name: 'shop', ...(set && { signatures: async () => set }) } as unknown as RegistryPlugin;
  const check = createSignatureCheck({
    registries: { get: () => plugin },
    blobs: { read: nothing },
    verifier: {
      async verify(subject) {
        asked.push(subject);
        return verdictOf([], [{ origin: 'x', reason: 'asked' }]);
      },
    },
  });
  return { check, asked };
}

describe('the check of a fetched archive', () => {
  it('gives the bytes where the archive itself is signed', async () => {
    const { check, asked } = checkWith({ subject: DIGEST, archive: DIGEST, documents: nothing() });
    expect(await check(ARCHIVE, {})).toMatchObject({ state: 'refused' });
    expect(asked).toEqual([{ digest: DIGEST, read: expect.any(Function) }]);
  });

  it('gives only the digest of what names the archive', async () => {
    const { check, asked } = checkWith({ subject: MANIFEST, archive: DIGEST, documents: nothing() });
    await check(ARCHIVE, {});
    expect(asked).toEqual([{ digest: MANIFEST }]);
  });

  it('is unsigned where the registry has no place for signatures', async () => {
    const { check, asked } = checkWith(undefined);
    expect([await check(ARCHIVE, {}), asked]).toEqual([{ state: 'unsigned', holding: [], refused: [] }, []]);
  });

  it('fails when the registry has meanwhile another archive', async () => {
    const { check, asked } = checkWith({ subject: MANIFEST, archive: MANIFEST, documents: nothing() });
    await expect(check(ARCHIVE, {})).toFailWith('digest_mismatch');
    expect(asked).toEqual([]);
  });
});
