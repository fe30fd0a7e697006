import { z } from 'zod';
import { Refusal } from './refusal.ts';

/** What cosign 3 signs for something in a registry: an in-toto statement that names the digest. */

const STATEMENT_TYPE = 'application/vnd.in-toto+json';
/** "I sign this", where others say what is in it or how it was made. */
const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
const MAX_SUBJECTS = 1000;

const schema = z.object({
  _type: z.enum(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).max(MAX_SUBJECTS),
  predicateType: z.string(),
});

/**
 * Whether the statement signs this digest; false for one that says something else than "signed", such as a list of its parts: who
 * describes a thing need not approve of it. Throws a Refusal for a statement about other things.
 */
export function signsDigest(payloadType: string, payload: Buffer, digest: string): boolean {
  if (payloadType !== STATEMENT_TYPE)
    throw new Refusal(`it signs a ${payloadType.slice(0, 100)}, not a statement about a digest`);
  const statement = schema.parse(JSON.parse(payload.toString('utf8')));
  if (statement.predicateType !== COSIGN_SIGN) return false;
  if (!statement.subject.some((subject) => `sha256:${subject.digest.sha256}` === digest))
    throw new Refusal('the signature is of something else');
  return true;
}
