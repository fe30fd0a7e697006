import { auditObject } from '../domain/audit.ts';
import { ChandleryError } from '../domain/errors.ts';
import { type SignatureVerifier, signatureNote } from '../domain/signature.ts';
import type { Store } from '../domain/store.ts';
import type { StoredArchive } from './publishing-upload.ts';

export interface SignatureDeps {
  store: Pick<Store, 'blobs' | 'audit' | 'documents'>;
  /** Without it none is taken. */
  signatures?: SignatureVerifier;
}

/**
 * Keeps a bundle that holds for exactly these bytes, for the operation. Nothing is published with one that does not: whoever sends it has another archive
 * than the signer had. Fails with signature_invalid.
 */
export async function keepSignature(
  { store, signatures }: SignatureDeps,
  publisher: string,
  { manifest: { metadata }, digest }: StoredArchive,
  sent: string,
): Promise<string> {
  // Forms write line ends their own way; without the last one the same bundle has the same text from everybody.
  const bundle = sent.trim();
  const { name, version } = metadata;
  const documents = [{ form: 'bundle', origin: 'signature', bytes: Buffer.from(bundle) } as const];
  const verdict = await signatures?.verify({ digest, read: () => store.blobs.read(digest) }, documents);
  if (verdict && verdict.holding.length > 0) return store.documents.put('signature', { bundle });
  const why = verdict ? signatureNote(verdict) : 'this server verifies none';
  await store.audit.append({
    ...{ actor: publisher, action: 'publish-template', object: auditObject.template(name, version) },
    ...{ outcome: 'denied', code: 'signature_invalid', detail: { version, digest } },
  });
  throw new ChandleryError('signature_invalid', `${name}@${version} is not published with this signature: ${why}`, {
    template: `${name}@${version}`,
  });
}
