import { createHash, generateKeyPairSync, randomInt, sign } from 'node:crypto';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { HOST_V2, logV2 } from './rekor-v2.ts';

/** A Sigstore of our own without a network: authority, both logs and a timestamp authority, by @sigstore/mock. */

export const IDENTITY = 'https://github.com/acme/templates/.github/workflows/release.yml@refs/tags/v1.0.0';
export const ISSUER = 'https://token.actions.githubusercontent.com';

/** The mock's authorities are valid from the moment they are made; signing shortly after keeps clear of whole seconds. */
const AFTER_START_MS = 60_000;
const CERTIFICATE_MINUTES = 10; // as the mock has it
const OID_ISSUER = '1.3.6.1.4.1.57264.1.8';
const OID_SHA256 = '2.16.840.1.101.3.4.2.1';

export interface ChainOptions {
  /** When the certificate begins, ms from the start; it is valid for CERTIFICATE_MINUTES. */
  certifiedAfterMs?: number;
  /** When the log takes the entry. */
  loggedAfterMs?: number;
  /** Certificates without a word of the log of certificates. */
  withoutCtLog?: boolean;
}

export { CERTIFICATE_MINUTES };

type Json = Record<string, unknown>;

/** What the log answers; the mock's own types for it are not among what it brings. */
interface LoggedEntry {
  logIndex: number;
  logID: string;
  integratedTime: number;
  body?: unknown;
  verification?: {
    signedEntryTimestamp?: unknown;
    inclusionProof?: { logIndex: number; rootHash: string; treeSize: number; checkpoint: string };
  };
}

/** A bundle as JSON with members that tests change. */
export interface LooseBundle extends Json {
  verificationMaterial: {
    certificate: { rawBytes: string };
    tlogEntries: Array<
      Json & {
        logId: { keyId: string };
        inclusionProof: Json & { checkpoint: { envelope: string } };
        canonicalizedBody: string;
      }
    >;
    timestampVerificationData?: { rfc3161Timestamps: Array<{ signedTimestamp: string }> };
  };
  messageSignature: { messageDigest: { algorithm: string; digest: string }; signature: string };
}

export interface SignOptions {
  identity?: string;
  issuer?: string;
  /** What the log is told was signed. */
  loggedBytes?: Buffer;
  /** With a timestamp of the authority. */
  withTimestamp?: boolean;
  /** Version of the log; the second gives no time. */
  rekor?: 1 | 2;
}

export interface Chain {
  root: TrustedRoot;
  sign(bytes: Buffer, options?: SignOptions): Promise<LooseBundle>;
}

function keyPair() {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

export function bytesOf(bundle: unknown): Buffer {
  return Buffer.from(JSON.stringify(bundle));
}

export async function openChain({
  certifiedAfterMs = 0,
  loggedAfterMs = 0,
  withoutCtLog = false,
}: ChainOptions = {}): Promise<Chain> {
  // Whole seconds: @sigstore/core does not read fractions whose last zeros were dropped, as DER has them.
  const start = Math.ceil((Date.now() + AFTER_START_MS) / 1000) * 1000;
  const certified = new Date(start + certifiedAfterMs);
  const logged = new Date(start + loggedAfterMs);
  const ctLog = await initializeCTLog(keyPair(), certified);
  const ca = await initializeCA(keyPair(), withoutCtLog ? undefined : ctLog, certified);
  const log = await initializeTLog('https://rekor.sigstore.mock', keyPair(), logged);
  const second = generateKeyPairSync('ed25519');
  const secondKey = second.publicKey.export({ type: 'spki', format: 'der' });
  const authority = await initializeTSA(keyPair(), logged);
  const instance = (baseUrl: string, publicKey: Buffer, keyDetails = 'PKIX_ECDSA_P256_SHA_256') => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: publicKey.toString('base64'),
      keyDetails,
      validFor: { start: '2020-01-01T00:00:00Z' },
    },
    logId: { keyId: createHash('sha256').update(publicKey).digest('base64') },
  });
  const issuing = (...certificates: ArrayBufferView[]) => ({
    subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
    uri: '',
    certChain: { certificates: certificates.map((raw) => ({ rawBytes: base64(raw) })) },
    validFor: { start: '2020-01-01T00:00:00Z' },
  });
  const root = TrustedRoot.fromJSON({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [instance('https://rekor.sigstore.mock', log.publicKey), instance(`https://${HOST_V2}`, secondKey, 'PKIX_ED25519')],
    certificateAuthorities: [issuing(ca.rootCertificate)],
    ctlogs: [instance('https://ctfe.sigstore.mock', ctLog.publicKey)],
    timestampAuthorities: [issuing(authority.intCertificate, authority.rootCertificate)],
  });
  const v2 = { key: second.privateKey, publicKey: secondKey };
  return {
    root,
    async sign(bytes, { identity = IDENTITY, issuer = ISSUER, loggedBytes = bytes, withTimestamp = false, rekor = 1 } = {}) {
      const { publicKey, privateKey } = keyPair();
      const certificate = base64(
        await ca.issueCertificate({
          publicKey: publicKey.export({ type: 'spki', format: 'der' }),
          subjectAltName: identity,
          extensions: [{ oid: OID_ISSUER, value: issuer }],
        }),
      );
      const signature = sign('sha256', bytes, privateKey);
      const pem = `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`;
      const [entry] = Object.values<LoggedEntry>(
        await log.log({
          apiVersion: '0.0.1',
          kind: 'hashedrekord',
          spec: {
            data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(loggedBytes).digest('hex') } },
            signature: {
              content: signature.toString('base64'),
              publicKey: { content: Buffer.from(pem).toString('base64') },
            },
          },
        }),
      );
      const { inclusionProof: proof, signedEntryTimestamp } = entry?.verification ?? {};
      if (!entry || !proof || !signedEntryTimestamp) throw new Error('the log gave no proof');
      const stamped = withTimestamp && {
        timestampVerificationData: {
          rfc3161Timestamps: [
            {
              signedTimestamp: base64(
                await authority.timestamp({
                  artifactHash: createHash('sha256').update(signature).digest(),
                  hashAlgorithmOID: OID_SHA256,
                  nonce: randomInt(1_000_000),
                  policyOID: '1.2.3.4.1',
                }),
              ),
            },
          ],
        },
      };
      return {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: {
          certificate: { rawBytes: certificate },
          tlogEntries: [
            rekor === 2
              ? { ...logV2({ ...v2, signature, certificate, digest: createHash('sha256').update(loggedBytes).digest() }) }
              : {
                  logIndex: String(entry.logIndex),
                  logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
                  kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
                  integratedTime: String(entry.integratedTime),
                  inclusionPromise: { signedEntryTimestamp: String(signedEntryTimestamp) },
                  inclusionProof: {
                    logIndex: String(proof.logIndex),
                    rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'),
                    treeSize: String(proof.treeSize),
                    hashes: [],
                    checkpoint: { envelope: proof.checkpoint },
                  },
                  canonicalizedBody: String(entry.body),
                },
          ],
          ...stamped,
        },
        messageSignature: {
          messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(bytes).digest('base64') },
          signature: signature.toString('base64'),
        },
      };
    },
  };
}

function base64(raw: ArrayBufferView): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64');
}
