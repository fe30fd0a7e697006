import { constants, createReadStream } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { createGuardedClient } from './adapters/http/guarded-client.ts';
import { createOciClient } from './adapters/oci/client.ts';
import { readDockerCredentials } from './adapters/oci/docker-config.ts';
import { isRepository, isTag, parseOciUrl } from './adapters/oci/names.ts';
import { readSignatures } from './adapters/oci/signatures.ts';
import { readPrivateKey, readPublicKey } from './adapters/sigstore/keys.ts';
import { type SignedBytes, signBytes } from './adapters/sigstore/sign.ts';
import { builtInTrustedRoot, readTrustedRoot } from './adapters/sigstore/trusted-root.ts';
import { createSignatureVerifier } from './adapters/sigstore/verifier.ts';
import { isDigest } from './domain/digest.ts';
import { ChandleryError } from './domain/errors.ts';
import type { SignatureDocument, SignatureVerifier } from './domain/signature.ts';

export { readBundleFile } from './adapters/registries/folder-signature.ts';

/** Signing and verifying without a server, for the command line. */

/** A key or a passphrase; bytes. */
const MAX_KEY_FILE_BYTES = 64 * 1024;

/** Signs bytes with the private key in a file. Fails with config_invalid. */
export async function signWithKeyFile(
  source: AsyncIterable<Uint8Array>,
  { keyFile, passphraseFile }: { keyFile: string; passphraseFile?: string | undefined },
): Promise<SignedBytes> {
  const passphrase = passphraseFile === undefined ? undefined : (await readSmall(passphraseFile)).replace(/\r?\n$/, '');
  return signBytes(source, readPrivateKey(keyFile, await readSmall(keyFile), passphrase));
}

export interface VerifierFiles {
  /** Public keys in PEM; each is called by its path. */
  keyFiles: readonly string[];
  /** An own trusted_root.json instead of the public Sigstore's. */
  trustedRootFile?: string | undefined;
}

/** Fails with config_invalid. */
export async function openVerifier({ keyFiles, trustedRootFile }: VerifierFiles): Promise<SignatureVerifier> {
  const keys = await Promise.all(keyFiles.map(async (file) => readPublicKey(file, await readSmall(file))));
  return createSignatureVerifier({
    keys,
    root: trustedRootFile === undefined ? builtInTrustedRoot() : await readTrustedRoot(trustedRootFile),
  });
}

/** The bytes of a file, again with each call. */
export function fileBytes(file: string): () => AsyncIterable<Uint8Array> {
  return () => createReadStream(file);
}

export interface RemoteSubject {
  digest: string;
  documents: AsyncIterable<SignatureDocument>;
  close(): Promise<void>;
}

const REFERENCE = /^(?<url>(?:oci|https?):\/\/[^/@]+\/[^@:]+)(?:(?<tagged>:)(?<tag>[^@:]+))?(?:@(?<digest>.+))?$/;

/**
 * What a reference like `oci://ghcr.io/acme/redis:1.2.0` or `...@sha256:<hex>` means at this moment, and its signatures. Plain http goes to
 * this machine only. Fails with invalid_reference, version_not_found, and as the registry.
 */
export async function openRemote(reference: string, dockerConfig: string): Promise<RemoteSubject> {
  const { url = '', tag, digest } = REFERENCE.exec(reference)?.groups ?? {};
  const { origin, host, path } = url === '' ? notReference(reference) : parseOciUrl(url);
  if (
    !isRepository(path) ||
    (tag !== undefined && !isTag(tag)) ||
    (digest !== undefined && !isDigest(digest)) ||
    (!tag && !digest)
  )
    notReference(reference);
  // The person at the keyboard named the host.
  const client = createGuardedClient({ development: true, allow: [new URL(origin).hostname] });
  try {
    const isThere = await access(dockerConfig, constants.R_OK).then(
      () => true,
      () => false,
    );
    const credentials = isThere ? await readDockerCredentials(dockerConfig, host) : undefined;
    const oci = createOciClient({ client, registry: host, origin, credentials });
    const found = digest ?? (await oci.resolve(path, tag ?? ''));
    if (found === undefined) throw new ChandleryError('version_not_found', `${host} has no ${path}:${tag}`, { registry: host });
    return { digest: found, documents: readSignatures(oci, path, found), close: () => client.close() };
  } catch (error) {
    await client.close();
    throw error;
  }
}

function notReference(reference: string): never {
  throw new ChandleryError(
    'invalid_reference',
    `${JSON.stringify(reference.slice(0, 200))} is not a reference; write oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST`,
  );
}

async function readSmall(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read: ${error.code}`;
    throw new ChandleryError('config_invalid', why);
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MAX_KEY_FILE_BYTES)
      throw new ChandleryError('config_invalid', `${basename(file)} is not a file of at most ${MAX_KEY_FILE_BYTES} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
