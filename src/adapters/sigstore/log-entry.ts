import type { TransparencyLogEntry } from '@sigstore/bundle';
import type { TransparencyLogInstance, TrustedRoot } from '@sigstore/protobuf-specs';
import { fromBase64, Refusal } from './refusal.ts';

/**
 * What @sigstore/verify leaves open about a log entry. It proves that the log holds the entry and that the entry has this signature and
 * digest; here the rest of the entry is held against what was proven, so that no member can say something else.
 */

const SIGNATURE_LINES = /^(?:\u2014 \S+ \S+\n)+$/;
/** Bytes of a key's id that a checkpoint names it by (transparency-dev, signed note). */
const HINT_BYTES = 4;

/** `signer`: DER of the certificate or of the public key. Throws a Refusal. */
export function checkLogEntry(entry: TransparencyLogEntry, root: TrustedRoot, signer: Buffer): void {
  const log = root.tlogs.find((each) => idOf(each)?.equals(entry.logId.keyId));
  if (!log) throw new Refusal('the log entry is of a log that the trusted root does not name', true);
  if (entry.inclusionProof) checkProof(entry, entry.inclusionProof, log);
  // Without the log's signature over them nothing proves these two.
  if (!entry.inclusionPromise && !isZero(entry.integratedTime))
    throw new Refusal('the log entry names a time that its log did not sign');
  if (!entry.inclusionPromise && entry.logIndex !== entry.inclusionProof?.logIndex)
    throw new Refusal('the log entry names two places in its log');
  const named = signerOf(entry.canonicalizedBody);
  if (!named?.equals(signer)) throw new Refusal("the log entry is of another signer's");
}

function idOf({ checkpointKeyId, logId }: TransparencyLogInstance): Buffer | undefined {
  return (checkpointKeyId ?? logId)?.keyId;
}

function isZero(time: string | undefined): boolean {
  return time === undefined || time === '' || time === '0';
}

function checkProof(
  { logId }: TransparencyLogEntry,
  { checkpoint, rootHash, treeSize }: NonNullable<TransparencyLogEntry['inclusionProof']>,
  log: TransparencyLogInstance,
): void {
  const envelope = checkpoint?.envelope ?? '';
  const end = envelope.indexOf('\n\n');
  const [, size, hash = ''] = envelope.slice(0, Math.max(end, 0)).split('\n');
  if (end < 0 || size !== treeSize || !fromBase64(hash)?.equals(rootHash))
    throw new Refusal('the inclusion proof and its checkpoint name different trees');
  const lines = envelope.slice(end + 2);
  if (!SIGNATURE_LINES.test(lines)) throw new Refusal('the checkpoint is not signed in the usual form');
  const signatures = lines.trimEnd().split('\n').map(readLine);
  const own = signatures.filter(({ bytes }) => bytes.subarray(0, HINT_BYTES).equals(logId.keyId.subarray(0, HINT_BYTES)));
  // The library takes the name for a pattern and any base64 for the bytes.
  if (own.length !== 1 || own[0]?.name !== log.baseUrl.replace(/^https?:\/\/|\/+$/g, ''))
    throw new Refusal('the checkpoint is not signed by the log of the entry');
}

function readLine(line: string): { name: string; bytes: Buffer } {
  const [, name = '', encoded = ''] = line.split(' ');
  const bytes = fromBase64(encoded);
  if (!bytes || bytes.length <= HINT_BYTES) throw new Refusal('a signature of the checkpoint is not base64');
  return { name, bytes };
}

/** DER of the certificate or key that the log saw; the kinds of Rekor 1 have it as PEM in base64, those of Rekor 2 as it is. */
function signerOf(canonicalizedBody: Buffer): Buffer | undefined {
  const { spec } = JSON.parse(canonicalizedBody.toString('utf8')) as { spec?: unknown };
  const pem =
    at(spec, 'signature', 'publicKey', 'content') ??
    at(spec, 'signatures', 0, 'verifier') ??
    at(spec, 'content', 'envelope', 'signatures', 0, 'publicKey');
  if (typeof pem === 'string') return derOf(Buffer.from(pem, 'base64').toString('utf8'));
  const verifier = at(spec, 'hashedRekordV002', 'signature', 'verifier') ?? at(spec, 'dsseV002', 'signatures', 0, 'verifier');
  const raw = at(verifier, 'x509Certificate', 'rawBytes') ?? at(verifier, 'publicKey', 'rawBytes');
  return typeof raw === 'string' ? Buffer.from(raw, 'base64') : undefined;
}

/** Of the first block of a PEM text. */
export function derOf(pem: string): Buffer | undefined {
  const [, body] = /-----BEGIN [A-Z ]+-----([^-]+)-----END/.exec(pem) ?? [];
  return body === undefined ? undefined : Buffer.from(body, 'base64');
}

function at(value: unknown, ...path: Array<string | number>): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}
