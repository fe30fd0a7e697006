/** Names of rendered objects: the deployment's, with something behind it where there are several of a kind. */

import { createHash } from 'node:crypto';

/** Kubernetes' limits for names, characters. */
export const NAME_LIMITS = Object.freeze({
  /** a DNS label: Service, and what becomes a label's value */
  label: 63,
  /** StatefulSet and CronJob: the controller puts up to eleven characters behind it */
  controller: 52,
});

/** Hex digits behind a name that had to be changed; 32 bits tell the few of one namespace apart. */
const HASH_LENGTH = 8;

/** The first hex digits of a text's SHA-256. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
}

/**
 * A DNS label made of the parts with dashes between them. One that is too long, or has characters that a label may not have, is changed and
 * gets 8 hex digits of the original's SHA-256 behind it, so that two different ones stay different.
 */
export function objectName(parts: readonly string[], limit: number = NAME_LIMITS.label): string {
  const wanted = parts.join('-');
  const plain = wanted
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+|-+$/g, '');
  if (plain === wanted && plain.length <= limit) return plain;
  const head = plain.slice(0, limit - HASH_LENGTH - 1).replace(/-+$/, '');
  return `${head === '' ? 'x' : head}-${shortHash(wanted)}`;
}

/** A text as a label's value; one that does not fit is changed and gets hash digits behind it. */
export function labelValue(text: string): string {
  if (/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(text) && text.length <= NAME_LIMITS.label) return text;
  const plain = text.replace(/[^-A-Za-z0-9_.]/g, '_').slice(0, NAME_LIMITS.label - HASH_LENGTH - 1);
  return `${plain.replace(/^[-_.]+|[-_.]+$/g, '')}-${shortHash(text)}`.replace(/^-/, '');
}
