import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { ChandleryError } from '../domain/errors.ts';

/** Lets only callers with this bearer token pass, or with it as the password of basic auth. Fails with unauthenticated. */
export function requireToken(token: string): RequestHandler {
  const wanted = digest(token);
  return (request, _response, next) => {
    const given = candidates(request.get('authorization') ?? '');
    // Digests have one length, so the comparison takes the same time for every guess; all are compared for the same reason.
    const matches = given.map((candidate) => timingSafeEqual(digest(candidate), wanted));
    if (!matches.includes(true))
      throw new ChandleryError('unauthenticated', 'This registry needs a token, and none or another one was sent');
    next();
  };
}

function candidates(authorization: string): string[] {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return [value];
  if (scheme.toLowerCase() !== 'basic') return [];
  const [, password = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8')) ?? [];
  return password === '' ? [] : [password];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
