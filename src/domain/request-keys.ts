import type { Target } from './operation.ts';

/** Requests that carry an `Idempotency-Key`: what was answered to the first one, for whoever sends it again. */

/** How long a key is remembered, hours: a client that tries again does so within the day. */
export const REQUEST_KEY_HOURS = 24;
/** How long whoever claimed a key is left alone, seconds; an answer takes a second, and a killed server's requests wait this long. */
export const REQUEST_SECONDS = 10;

/** The answer of a request that started an operation. */
export interface KeptAnswer {
  status: number;
  location: string;
  body: Record<string, unknown>;
}

export type Claim =
  /** Nobody used the key within its time; it is this request's now. */
  | { outcome: 'new' }
  /** This very request was begun and its outcome is not known. It is this one's now; with a target, the operation may be there. */
  | { outcome: 'begun'; target?: Target }
  /** Somebody else is at it. */
  | { outcome: 'busy' }
  | { outcome: 'answered'; answer: KeptAnswer }
  /** The key was used for another request. */
  | { outcome: 'other' };

/** By ids that name user and key, and fingerprints of what was asked; neither can be turned back. */
export interface RequestKeyStore {
  /** Claims the id for as long as a request takes, or says what it was claimed for. Forgets, now and then, what is too old. */
  claim(id: string, fingerprint: string): Promise<Claim>;
  /** Before the operation is started: where to look for it when the answer gets lost. */
  aim(id: string, target: Target): Promise<void>;
  keep(id: string, answer: KeptAnswer): Promise<void>;
  /** Nothing came of the request: the key may be used again, for another one too. An answered one stays. */
  release(id: string): Promise<void>;
  /** Nobody knows what came of the request, and nobody is at it any more. */
  leave(id: string): Promise<void>;
}
