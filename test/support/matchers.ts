import { expect } from '@jest/globals';
import { ChandleryError, type ErrorCode } from '../../src/domain/errors.ts';

declare module 'expect' {
  interface Matchers<R> {
    /** The promise rejects (or the function throws) with a ChandleryError of this code. */
    toFailWith(code: ErrorCode): Promise<R>;
  }
}

async function failureOf(received: unknown): Promise<unknown> {
  try {
    await (typeof received === 'function' ? received() : received);
    return undefined;
  } catch (error) {
    return error;
  }
}

expect.extend({
  async toFailWith(received: unknown, code: ErrorCode) {
    const error = await failureOf(received);
    const actual = error instanceof ChandleryError ? error.code : undefined;
    const shown = error === undefined ? 'nothing was thrown' : `${String(error)}${actual ? ` (${actual})` : ''}`;
    return { pass: actual === code, message: () => `expected a failure with ${code}, got: ${shown}` };
  },
});
