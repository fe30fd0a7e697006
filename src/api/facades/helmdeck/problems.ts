import type { RequestHandler } from 'express';
import type { ChandleryError } from '../../../domain/errors.ts';

/**
 * Adds to every problem below this path what clients of this contract read: `error`, a word, and `message`, a text. Stands before the
 * authentication, whose refusals have words of their own here.
 */
export function packProblems(): RequestHandler {
  return (request, response, next) => {
    const hasToken = /^bearer +\S/i.test(request.get('authorization') ?? '');
    const word = ({ code }: ChandleryError) =>
      code === 'unauthenticated' ? (hasToken ? 'invalid_token' : 'missing_bearer') : code;
    response.locals.problemMembers = (error: ChandleryError) => ({ error: word(error), message: error.message });
    next();
  };
}
