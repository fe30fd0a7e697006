import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { ChandleryError } from '../../domain/errors.ts';

/** Keys that sign without a certificate, as cosign and openssl write them. */

/** Characters of a PEM file; an RSA key of 8192 bits has 6,400. */
const MAX_PEM_LENGTH = 16 * 1024;
const MIN_RSA_BITS = 2048; // NIST SP 800-131A
/** Hash by key, from Sigstore's registry of algorithms. */
const CURVE_HASHES: Readonly<Record<string, HashName>> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' };

export type HashName = 'sha256' | 'sha384' | 'sha512';

export interface TrustedKey {
  /** As the configuration calls it. */
  name: string;
  key: KeyObject;
  /** `sha256:<hex>` of the SPKI bytes */
  fingerprint: string;
  /** The same in base64: how bundles name the key. */
  hint: string;
}

/** Reads a public key in PEM. Fails with config_invalid, naming the key. */
export function readPublicKey(name: string, pem: string): TrustedKey {
  if (pem.length > MAX_PEM_LENGTH || !/^-----BEGIN (RSA )?PUBLIC KEY-----/m.test(pem))
    throw invalid(name, 'is not a public key in PEM (a private key does not belong here)');
  return trustedKey(
    name,
    parse(name, () => createPublicKey(pem)),
  );
}

/** Reads a private key in PEM (PKCS #8), and its passphrase where it has one. Fails with config_invalid. Nothing of it is told. */
export function readPrivateKey(name: string, pem: string, passphrase?: string): KeyObject {
  if (/-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----/.test(pem))
    throw invalid(name, "is encrypted in cosign's own way; sign with cosign, or make a key with `openssl genpkey`");
  if (pem.length > MAX_PEM_LENGTH || !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    throw invalid(name, 'is not a private key in PEM');
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----/.test(pem) && passphrase === undefined)
    throw invalid(name, 'is encrypted; give its passphrase');
  const key = parse(name, () => createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) }));
  hashOf(name, key);
  return key;
}

/** A key object under a name. Fails with config_invalid for kinds of keys that do not sign, or are weak. */
export function trustedKey(name: string, key: KeyObject): TrustedKey {
  hashOf(name, key);
  const digest = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
  return { name, key, fingerprint: `sha256:${digest.toString('hex')}`, hint: digest.toString('base64') };
}

/** The hash that goes with a key. Fails with config_invalid for keys that are not strong. */
export function hashOf(name: string, key: KeyObject): HashName {
  const hash = findHash(key);
  if (hash) return hash;
  const taken = `ECDSA P-256, P-384, P-521, Ed25519, or RSA of ${MIN_RSA_BITS} bits or more`;
  throw invalid(name, `is of a kind that is not taken (${key.asymmetricKeyType}); use ${taken}`);
}

export function isStrongKey(key: KeyObject): boolean {
  return findHash(key) !== undefined;
}

function findHash({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): HashName | undefined {
  if (type === 'ed25519') return 'sha512';
  if (type === 'ec') return CURVE_HASHES[details?.namedCurve ?? ''];
  return type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS ? 'sha256' : undefined;
}

function parse(name: string, read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch {
    // OpenSSL's words may quote the input.
    throw invalid(name, 'cannot be read as a key; its passphrase may be wrong');
  }
}

function invalid(name: string, what: string): ChandleryError {
  return new ChandleryError('config_invalid', `the key ${name} ${what}`);
}
