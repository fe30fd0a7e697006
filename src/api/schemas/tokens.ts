import { z } from 'zod';
import { EVERYWHERE, isScope, ROLES } from '../../domain/access.ts';
import { isNamespace } from '../../domain/reference.ts';

const time = z.string().meta({ format: 'date-time' });
/** A year; whoever needs longer makes a new one. Seconds. */
const MAX_LIFETIME_SECONDS = 366 * 86_400;
/** As long as a Kubernetes user or group gets in practice. */
const MAX_IDENTITY_LENGTH = 253;
const MAX_GROUPS = 64;
const MAX_ROLES = 64;
const MAX_SCOPES = 64;

// What Kubernetes gets in a header when it is asked to act as somebody.
const identityPart = z
  .string()
  .min(1)
  .max(MAX_IDENTITY_LENGTH)
  .regex(/^(?! )[\x20-\x7e]+(?<! )$/, 'must be printable ASCII characters, without a space at either end');

const roleSchema = z
  .strictObject({
    role: z.enum(ROLES),
    namespace: z
      .string()
      .refine((text) => text === EVERYWHERE || isNamespace(text), 'is neither a namespace nor *')
      .meta({ description: '`*` = everywhere, and for what belongs to no namespace.', example: 'team-a' }),
  })
  .meta({ id: 'RoleGrant' });

const scopeSchema = z
  .string()
  .refine(isScope, 'is no scope: docs/identity.md lists them')
  .meta({ example: 'templates:publish/acme' });

export const tokenRequestSchema = z
  .strictObject({
    name: z.string().min(1).max(100).optional().meta({ description: 'To know it by; the user when left out.' }),
    user: identityPart.meta({ description: 'Who the bearer is, to Chandlery and to the cluster.', example: 'dev' }),
    groups: z.array(identityPart).max(MAX_GROUPS).default([]),
    roles: z.array(roleSchema).max(MAX_ROLES).optional().meta({
      description: '`viewer` everywhere when left out; `[]` for a token that a scope or a role binding gives its rights.',
    }),
    scopes: z.array(scopeSchema).min(1).max(MAX_SCOPES).optional().meta({ description: 'Narrows the token to these.' }),
    expiresInSeconds: z.int().min(1).max(MAX_LIFETIME_SECONDS).optional().meta({ description: 'Never when left out.' }),
  })
  .meta({ id: 'TokenRequest' });
export type TokenRequest = z.infer<typeof tokenRequestSchema>;

export const tokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    user: z.string(),
    groups: z.array(z.string()),
    roles: z.array(roleSchema),
    scopes: z.array(z.string()).optional(),
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: time,
    createdBy: z.string().optional(),
    expiresAt: time.optional(),
    revokedAt: time.optional(),
    lastUsedAt: time.optional().meta({ description: 'To the minute.' }),
  })
  .meta({ id: 'Token' });

export const tokenListSchema = z.object({ tokens: z.array(tokenSchema) }).meta({ id: 'TokenList' });

export const newTokenSchema = tokenSchema
  .extend({ token: z.string().meta({ description: 'Shown once: only its hash is kept.' }) })
  .meta({ id: 'NewToken' });

export const whoamiSchema = z
  .object({
    user: z.string(),
    groups: z.array(z.string()),
    via: z.enum(['token', 'cluster']).meta({ description: 'Who vouches for it: this server, or the cluster (TokenReview).' }),
    roles: z.array(roleSchema).meta({ description: 'Of the token and of role bindings together.' }),
    scopes: z.array(z.string()).optional().meta({ description: 'Left out = not narrowed.' }),
    token: z.object({ id: z.string(), name: z.string(), expiresAt: time.optional() }).optional(),
  })
  .meta({ id: 'Whoami' });
