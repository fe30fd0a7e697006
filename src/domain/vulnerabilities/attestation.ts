import { z } from 'zod';
import { ChandleryError } from '../errors.ts';
import type { PackageList } from './package-list.ts';
import { readSbomDocument } from './sbom.ts';

/** SBOM attestations of images: an in-toto statement about the image's digest, inside a DSSE envelope. */

/** What somebody attested of an image, as the registry has it. */
export interface ImageAttestation {
  /** a DSSE envelope, a Sigstore bundle around one, or the bare statement, as JSON */
  text: string;
  /** `sha256:<hex>` that it must speak of: of the image, its index, or the image for one platform in that index */
  digest: string;
}

/** The port that fetches them. Fails with registry errors; none: an image without attestations; undefined: its registry is not to be asked. */
export interface ImageAttestations {
  read(image: string, signal?: AbortSignal): Promise<ImageAttestation[] | undefined>;
}

/** Characters of one attestation; an SBOM of a large image is some megabytes. */
const MAX_ATTESTATION_LENGTH = 32 * 1024 * 1024;
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT = /^https:\/\/in-toto\.io\/Statement\/v(0\.1|1)$/;
const SBOM_PREDICATE = /^https:\/\/(cyclonedx\.org\/bom|spdx\.dev\/Document)(\/v[\d.]+)?$/;

const envelopeSchema = z.object({ payloadType: z.string(), payload: z.string() });
const statementSchema = z.object({
  _type: z.string().regex(STATEMENT, 'is no in-toto statement of version 0.1 or 1'),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).min(1),
  predicateType: z.string(),
  predicate: z.unknown(),
});

/**
 * The packages that an attestation says are in the image of this digest; undefined when it is one of something else than an SBOM. Fails with
 * untrusted when it speaks of another image, with template_invalid when it cannot be read. `file`: what the list is to be called.
 */
export function readSbomAttestation(file: string, text: string, digest: string): PackageList | undefined {
  if (text.length > MAX_ATTESTATION_LENGTH)
    throw new ChandleryError('too_large', `${file}: the attestation has more than ${MAX_ATTESTATION_LENGTH} characters`);
  const document = jsonOf(file, text);
  // The other kind of Sigstore bundle: a signature of the image itself.
  if (typeof document === 'object' && document !== null && 'messageSignature' in document) return undefined;
  const parsed = statementSchema.safeParse(payloadOf(file, document));
  if (!parsed.success)
    throw invalid(file, `the statement is not what in-toto says: ${parsed.error.issues[0]?.path.join('.') || 'not an object'}`);
  const { subject, predicateType, predicate } = parsed.data;
  if (!SBOM_PREDICATE.test(predicateType)) return undefined;
  const hex = digest.replace(/^sha256:/, '');
  // Whoever can write to the repository could hang another image's clean list here.
  if (!subject.some((one) => one.digest.sha256?.toLowerCase() === hex))
    throw new ChandleryError('untrusted', `${file}: the attestation speaks of another image than ${digest}`);
  return readSbomDocument(file, unwrapped(predicate));
}

function payloadOf(file: string, document: unknown): unknown {
  const { dsseEnvelope = document } = (document ?? {}) as { dsseEnvelope?: unknown };
  const envelope = envelopeSchema.safeParse(dsseEnvelope);
  if (!envelope.success) return document;
  const { payloadType, payload } = envelope.data;
  if (payloadType !== PAYLOAD_TYPE) throw invalid(file, `the envelope holds ${payloadType.slice(0, 100)}, not ${PAYLOAD_TYPE}`);
  return jsonOf(file, Buffer.from(payload, 'base64').toString('utf8'));
}

/** cosign puts the SBOM into `Data`, as it is or as a text. */
function unwrapped(predicate: unknown): unknown {
  const { Data: data } = (predicate ?? {}) as { Data?: unknown };
  if (data === undefined) return predicate;
  return typeof data === 'string' ? jsonOf('Data', data) : data;
}

function jsonOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, `it is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

function invalid(file: string, why: string): ChandleryError {
  return new ChandleryError('template_invalid', `${file}: the attestation cannot be read: ${why}`);
}
