import { z } from 'zod';
import { fits, isRange } from '../versions.ts';
import { matchesName } from './selector.ts';
import { dateSchema } from './words.ts';

/** A rule that somebody answers for not following: dated, with owner and reason, and over when it expires. */

const MAX_TEXT = 500;
/** Characters; "ok" is no reason. */
const MIN_REASON = 10;
/** The rule that a signature which is there also holds. */
export const SIGNATURE_HOLDS = 'signature-holds';

export const waiverSchema = z
  .strictObject({
    rule: z
      .string()
      .min(1)
      .max(253)
      .refine(
        (rule) => rule !== SIGNATURE_HOLDS,
        'cannot be waived: a signature that does not hold is refused whatever the policy says',
      ),
    registry: z.string().min(1).max(253).optional(),
    template: z.string().min(1).max(253).optional(),
    versions: z.string().max(256).refine(isRange, 'is no range of versions').optional(),
    owner: z.string().min(3).max(MAX_TEXT),
    reason: z.string().min(MIN_REASON).max(MAX_TEXT),
    from: dateSchema.optional(),
    expires: dateSchema,
  })
  .refine(
    ({ registry, template }) => registry !== undefined || template !== undefined,
    'must name a template or a registry: to do without a rule everywhere, take the rule out',
  )
  .refine(({ from, expires }) => from === undefined || from < expires, 'expires before it begins');

export type Waiver = z.output<typeof waiverSchema>;

export interface Waivable {
  rule: string;
  registry: string;
  template: string;
  version?: string;
}

export interface WaiverFound {
  /** The one that counts. */
  waiver?: Waiver;
  /** There is one that would count at another time; said with the refusal, since its owner will ask. */
  notInForce?: Waiver;
}

/** The waiver for a rule that was not met, at a moment (ms since the epoch). One that expired, or has not begun, does not count. */
export function findWaiver(
  waivers: readonly Waiver[],
  { rule, registry, template, version }: Waivable,
  now: number,
): WaiverFound {
  const meant = waivers.filter(
    (waiver) =>
      waiver.rule === rule &&
      (waiver.registry === undefined || waiver.registry === registry) &&
      (waiver.template === undefined || matchesName(waiver.template, template)) &&
      (waiver.versions === undefined || (version !== undefined && fits(version, waiver.versions))),
  );
  const waiver = meant.find(({ from = 0, expires }) => from <= now && now < expires);
  if (waiver) return { waiver };
  const [notInForce] = meant;
  return notInForce ? { notInForce } : {};
}

/** Why the waiver does not count at that moment, in words. */
export function whyNotInForce({ owner, from = 0, expires }: Waiver, now: number): string {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return now < from ? `the waiver of ${owner} begins on ${day(from)}` : `the waiver of ${owner} expired on ${day(expires)}`;
}
