import { z } from 'zod';

const time = z.string().meta({ format: 'date-time' });
/** A year; whoever needs longer makes a new one. Seconds. */
const MAX_LIFETIME_SECONDS = 366 * 86_400;
/** As long as a Kubernetes user or group gets in practice. */
const MAX_IDENTITY_LENGTH = 253;
const MAX_GROUPS = 64;

// What Kubernetes gets in a header when it is asked to act as somebody.
const identityPart = z
  .string()
  .min(1)
  .max(MAX_IDENTITY_LENGTH)
  .regex(/^(?! )[\x20-\x7e]+(?<! )$/, 'must be printable ASCII characters, without a space at either end');

export const tokenRequestSchema = z
  .strictObject({
    name: z.string().min(1).max(100).optional().meta({ description: 'To know it by; the user when left out.' }),
    user: identityPart.meta({ description: 'Who the bearer is, to Chandlery and to the cluster.', example: 'dev' }),
    groups: z.array(identityPart).max(MAX_GROUPS).default([]),
    expiresInSeconds: z.int().min(1).max(MAX_LIFETIME_SECONDS).optional().meta({ description: 'Never when left out.' }),
  })
  .meta({ id: 'TokenRequest' });

const tokenSchema = z.object({
  name: z.string(),
  user: z.string(),
  groups: z.array(z.string()),
  createdAt: time,
  expiresAt: time.optional(),
});

export const tokenListSchema = z.object({ tokens: z.array(tokenSchema) }).meta({ id: 'TokenList' });

export const newTokenSchema = tokenSchema
  .omit({ createdAt: true })
  .extend({ token: z.string().meta({ description: 'Shown once: only its hash is kept.' }) })
  .meta({ id: 'NewToken' });
