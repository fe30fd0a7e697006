import { randomBytes } from 'node:crypto';

/** Tokens begin with this, so that secret scanners know them. */
const PREFIX = 'chy_';
/** 256 bits: nobody guesses one, so a plain hash of it is enough in the store. */
const TOKEN_BYTES = 32;

/** A new API token. Never the same twice; the caller shows it once and keeps only its hash. */
export function newApiToken(): string {
  return `${PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** Whether the text looks like one of ours. */
export function isOwnToken(text: string): boolean {
  return text.startsWith(PREFIX);
}
