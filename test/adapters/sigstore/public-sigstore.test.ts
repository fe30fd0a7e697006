import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundleFromJSON } from '@sigstore/bundle';
import { envelopeContent } from '../../../src/adapters/sigstore/content.ts';
import { Engine } from '../../../src/adapters/sigstore/engine.ts';
import { builtInTrustedRoot } from '../../../src/adapters/sigstore/trusted-root.ts';
import { COSIGN } from '../../../tools/cosign.ts';
import { goModule } from '../../support/go-module.ts';

/** One of the bundles that cosign's own tests are made of: signed with a certificate of the public Sigstore, and in its log. */
const GENUINE = 'pkg/cosign/testdata/oci-attestation.sigstore.json';
const DOWNLOAD_MS = 120_000;

interface Loose {
  verificationMaterial: { certificate: { rawBytes: string }; tlogEntries: Array<Record<string, unknown>> };
  dsseEnvelope: { payload: string; payloadType: string; signatures: Array<{ sig: string }> };
}

let genuine: Loose;

beforeAll(async () => {
  genuine = JSON.parse(await readFile(join(await goModule(COSIGN), GENUINE), 'utf8'));
}, DOWNLOAD_MS);

function check(loose: Loose) {
  const engine = new Engine({ root: builtInTrustedRoot(), keys: [] });
  const bundle = bundleFromJSON(loose);
  const { payload, payloadType, signatures } = loose.dsseEnvelope;
  const [{ sig } = { sig: '' }] = signatures;
  const content = envelopeContent(payloadType, Buffer.from(payload, 'base64'), Buffer.from(sig, 'base64'));
  return engine.check(bundle, content, engine.claimantOf(bundle));
}

/** With one bit of the base64-decoded member turned over. */
function flipped(text: string, at = 0.6): string {
  const bytes = Buffer.from(text, 'base64');
  const place = Math.floor(bytes.length * at);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return bytes.toString('base64');
}

/** A copy with one thing changed. */
function changed(change: (copy: Loose) => void): Loose {
  const copy = structuredClone(genuine);
  change(copy);
  return copy;
}

function entryOf(copy: Loose): Record<string, unknown> {
  const [entry] = copy.verificationMaterial.tlogEntries;
  if (!entry) throw new Error('there is no entry');
  return entry;
}

describe('a bundle of the public Sigstore', () => {
  it('holds by the trusted root that comes with a release: chain, both logs, time and signature', () => {
    const { signer, logged, signedAt } = check(genuine);
    expect(signer).toMatchObject({
      kind: 'keyless',
      identity: expect.stringContaining('@'),
      issuer: expect.stringContaining('https://'),
    });
    expect([logged, signedAt]).toEqual([true, '2025-02-28T19:18:11.000Z']);
  });

  it.each<[string, (copy: Loose) => void]>([
    [
      'payload',
      ({ dsseEnvelope }) => {
        dsseEnvelope.payload = flipped(dsseEnvelope.payload);
      },
    ],
    [
      'signature',
      (copy) => {
        const [first] = copy.dsseEnvelope.signatures;
        if (first) first.sig = flipped(first.sig);
      },
    ],
    [
      'certificate',
      (copy) => {
        const { certificate } = copy.verificationMaterial;
        certificate.rawBytes = flipped(certificate.rawBytes);
      },
    ],
    [
      'time in the log',
      (copy) => {
        entryOf(copy).integratedTime = '1740770292';
      },
    ],
    [
      'promise of the log',
      (copy) => {
        const promise = entryOf(copy).inclusionPromise as { signedEntryTimestamp: string };
        promise.signedEntryTimestamp = flipped(promise.signedEntryTimestamp);
      },
    ],
    [
      'proof of the log',
      (copy) => {
        const proof = entryOf(copy).inclusionProof as { rootHash: string };
        proof.rootHash = flipped(proof.rootHash);
      },
    ],
    [
      'entry of the log',
      (copy) => {
        const entry = entryOf(copy);
        entry.canonicalizedBody = flipped(String(entry.canonicalizedBody));
      },
    ],
  ])('is refused after a change of its %s', (_what, change) => {
    expect(() => check(changed(change))).toThrow();
  });
});
