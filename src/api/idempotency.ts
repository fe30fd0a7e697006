import { createHash, createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, RequestHandler, Response } from 'express';
import type { OperationsClient } from '../client/index.ts';
import { withStartMark } from '../client/start-mark.ts';
import { canonicalJson } from '../domain/effects.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { Target } from '../domain/operation.ts';
import { installId } from '../domain/operation.ts';
import type { Claim, HeldKey, KeptAnswer, RequestKeyStore } from '../domain/request-keys.ts';
import { REQUEST_SECONDS } from '../domain/request-keys.ts';
import type { Identity } from '../domain/store.ts';
import { sendAccepted } from './accepted.ts';
import { requesterOf } from './auth.ts';

/** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request with the same key is answered with the same operation. */

/** Visible ASCII; a UUID has 36 characters. */
const KEY = /^[\x21-\x7e]{1,255}$/;
const REPLAYED = 'Idempotent-Replayed';
const STARTING: ReadonlySet<string> = new Set(['POST', 'PATCH', 'DELETE']);

/** For the same request that somebody else is at, milliseconds: as long as that one is left alone, and some time for its answer. */
const WAIT_MS = (REQUEST_SECONDS + 5) * 1_000;
const LOOK_EVERY_MS = 100;

export interface IdempotencyDeps {
  keys: RequestKeyStore;
  operations: Pick<OperationsClient, 'marked'>;
  log: { warn(fields: Record<string, unknown>, message: string): void };
}

/** Comes after the parser of bodies and before the routes. Only answers with 202 are kept: what was refused started nothing. */
export function honourIdempotencyKey({ keys, operations, log }: IdempotencyDeps): RequestHandler {
  return async (request, response, next) => {
    const key = request.get('idempotency-key');
    if (key === undefined || !STARTING.has(request.method)) return next();
    if (!KEY.test(key)) throw invalidKey();
    const { id, fingerprint } = namesOf(key, requesterOf(request), request);
    const claim = await claimOf(keys, id, fingerprint);
    if (claim.outcome === 'other')
      throw new ChandleryError('idempotency_key_reused', 'the Idempotency-Key was sent with another request within the last day');
    if (claim.outcome === 'answered') {
      const { status, location, body } = claim.answer;
      response.status(status).location(location).set(REPLAYED, 'true').json(body);
      return;
    }
    const held: HeldKey = { id, holder: claim.holder };
    const target = claim.outcome === 'begun' ? claim.target : undefined;
    const started = target && (await operations.marked(target, id).catch((error: unknown) => leave(keys, held, error)));
    settleBeforeAnswer(response, async (body) => {
      await settle(keys, held, outcomeOf(response, body)).catch((error: unknown) =>
        // The mark on the operation still finds it again.
        log.warn({ err: error }, 'what was answered to a request with an Idempotency-Key could not be kept'),
      );
    });
    if (started) answerAgain(response, target, started);
    else withStartMark({ id, aim: (at) => aim(keys, held, at) }, next);
  };
}

/** Waits for whoever is at the same request. Fails with target_busy when that takes too long. */
async function claimOf(keys: RequestKeyStore, id: string, fingerprint: string): Promise<Exclude<Claim, { outcome: 'busy' }>> {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const claim = await keys.claim(id, fingerprint);
    if (claim.outcome !== 'busy') return claim;
    if (Date.now() > until) throw new ChandleryError('target_busy', 'the same request is still being answered');
    await sleep(LOOK_EVERY_MS);
  }
}

/** A request that was too slow was taken for gone: the same one, sent again, starts what is to be started. Fails with target_busy. */
async function aim(keys: RequestKeyStore, held: HeldKey, target: Target): Promise<void> {
  if (await keys.aim(held, target)) return;
  throw new ChandleryError(
    'target_busy',
    `the request took longer than ${REQUEST_SECONDS} s, and the same one, sent again, has taken over; this one started nothing`,
  );
}

/** So that the next try need not wait for this one. */
async function leave(keys: RequestKeyStore, held: HeldKey, because: unknown): Promise<never> {
  await keys.leave(held).catch(() => undefined);
  throw because;
}

async function settle(keys: RequestKeyStore, held: HeldKey, outcome: Outcome): Promise<void> {
  if (outcome === 'refused') await keys.release(held);
  else if (outcome === 'unknown') await keys.leave(held);
  else await keys.keep(held, outcome);
}

/** The answer to the first request got lost, its operation did not. */
function answerAgain(response: Response, target: Target, operation: string): void {
  const more = target.kind === 'deployment' ? { deployment: installId(target) } : {};
  sendAccepted(response.set(REPLAYED, 'true'), { id: operation, joined: true }, more);
}

/**
 * Neither key nor request can be read from what is stored: a body may hold secret values, and a plain digest of a short one could be
 * guessed. The key itself, which only its sender has, is mixed in.
 */
function namesOf(key: string, { user }: Identity, request: Request): { id: string; fingerprint: string } {
  const id = createHash('sha256').update(`${user}\n${key}`).digest('hex');
  const asked = canonicalJson([request.method, request.originalUrl, request.body ?? null]);
  return { id, fingerprint: createHmac('sha256', key).update(asked).digest('hex') };
}

type Outcome = KeptAnswer | 'refused' | 'unknown';

/** Of a failure of ours nobody knows whether it started something. */
function outcomeOf(response: Response, body: unknown): Outcome {
  const { statusCode: status } = response;
  const location = response.get('location');
  if (status === 202 && location !== undefined) return { status, location, body: body as Record<string, unknown> };
  return status >= 400 && status < 500 ? 'refused' : 'unknown';
}

/** Holds the answer back until it is settled: whoever reads it may send the next request at once. */
function settleBeforeAnswer(response: Response, settled: (body: unknown) => Promise<void>): void {
  const { send } = response;
  response.send = (text: unknown) => {
    response.send = send;
    void settled(typeof text === 'string' ? parsed(text) : text).then(() => response.send(text));
    return response;
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalidKey(): ChandleryError {
  return new ChandleryError('invalid_request', 'the Idempotency-Key must be 1 to 255 visible ASCII characters', {
    issues: [{ path: 'header/Idempotency-Key', message: 'for example a UUID' }],
  });
}
