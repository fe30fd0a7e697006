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

/** A key in the hands of one request. */
export interface HeldKey {
  id: string;
  /** Another one with each claim, so that whoever was taken for gone cannot write in the name of who came after. */
  holder: string;
}

export type Claim =
  /** Nobody used the key within its time; it is this request's now. */
  | { outcome: 'new'; holder: string }
  /** This very request was begun and its outcome is not known. It is this one's now; with a target, the operation may be there. */
  | { outcome: 'begun'; holder: string; target?: Target }
  /** Somebody else is at it. */
  | { outcome: 'busy' }
  | { outcome: 'answered'; answer: KeptAnswer }
  /** The key was used for another request. */
  | { outcome: 'other' };

/**
 * By ids that name user and key, and fingerprints of what was asked; neither can be turned back. What is not the claim's own call only
 * does something while the claim holds: a request that took longer than it may was taken for gone, and another one may be at it.
 */
export interface RequestKeyStore {
  /** Claims the id for as long as a request takes, or says what it was claimed for. Forgets, now and then, what is too old. */
  claim(id: string, fingerprint: string): Promise<Claim>;
  /**
   * Before the operation is started: where to look for it when the answer gets lost. The time begins anew, so that the start itself has all
   * of it. False when the key is somebody else's by now: then nothing may be started.
   */
  aim(key: HeldKey, target: Target): Promise<boolean>;
  /** False when the key is somebody else's by now; the answer is true all the same. */
  keep(key: HeldKey, answer: KeptAnswer): Promise<boolean>;
  /** Nothing came of the request: the key may be used again, for another one too. An answered one stays. */
  release(key: HeldKey): Promise<void>;
  /** Nobody knows what came of the request, and nobody is at it any more. */
  leave(key: HeldKey): Promise<void>;
}
