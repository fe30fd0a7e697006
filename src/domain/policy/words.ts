import { z } from 'zod';
import { parseDuration } from '../duration.ts';

/** Words that several kinds of policy files share. */

/** `7d` and the like, in ms. */
export const durationSchema = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a time such as 90s, 15m, 24h or 7d' });
  return z.NEVER;
});

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** `2026-12-31` (its first moment, UTC) or a whole RFC 3339 time, in ms since the epoch. */
export const dateSchema = z.string().transform((text, context) => {
  const ms = Date.parse(DAY.test(text) ? `${text}T00:00:00Z` : text);
  // The parser takes 31 February for 3 March.
  const same = !DAY.test(text) || new Date(ms).toISOString().startsWith(text);
  if (Number.isFinite(ms) && same && /^\d{4}-\d{2}-\d{2}(T.*(Z|[+-]\d{2}:\d{2}))?$/.test(text)) return ms;
  context.addIssue({ code: 'custom', message: 'must be a day such as 2026-12-31 or a time such as 2026-12-31T12:00:00Z' });
  return z.NEVER;
});
