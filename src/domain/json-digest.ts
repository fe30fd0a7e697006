import { createHash } from 'node:crypto';
import { canonicalJson } from './effects.ts';

/** `sha256:<hex>` of the value's canonical JSON. Not for workflow code: it uses a Node built-in. */
export function jsonDigest(value: unknown): string {
  return `sha256:${createHash('sha256')
    .update(canonicalJson(value ?? null))
    .digest('hex')}`;
}
