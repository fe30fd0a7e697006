import { z } from 'zod';
import { credentialsSchema } from '../../domain/registry-credentials.ts';
import { registryEntryShape } from '../../domain/registry-entry.ts';
import { registryChecksSchema } from './metrics.ts';

/** What the API tells about registries. */

const errorSchema = z.object({ code: z.string(), message: z.string(), at: z.string() });
const certificateSchema = z
  .object({ expiresAt: z.string(), days: z.int() })
  .optional()
  .meta({ description: 'The certificate that ends first; days is negative when it has ended.' });
const status = z.enum(['ok', 'stale', 'failing', 'unknown', 'disabled']).meta({
  description:
    'ok: its listing is held; stale: only an older one; failing: none; unknown: not asked yet; disabled: its configuration cannot be used.',
});

const registryShape = {
  name: z.string(),
  kind: z.string(),
  type: z.enum(['official', 'community', 'institutional', 'private']).optional(),
  url: z.string().optional(),
  origin: z
    .enum(['built-in', 'file', 'api'])
    .meta({ description: 'Where it is configured; only those of the API can be changed here.' }),
  revision: z.string().optional().meta({ description: 'Of one that was added over the API: its ETag without quotes.' }),
  default: z.boolean(),
  credential: z.string().meta({ description: 'Its type, never its value.' }),
  status,
  message: z.string().optional(),
  templates: z.int(),
  listedAt: z.string().optional(),
  checkedAt: z.string().optional(),
  ageSeconds: z.int().optional(),
  error: errorSchema.optional(),
  problemCount: z.int().meta({ description: 'Entries of its listing that could not be used.' }),
};

export const registryNamePathSchema = z.object({ name: z.string().min(1).max(63) });
export const registryTestQuerySchema = z.object({
  test: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .meta({ description: 'Only if the registry passes the test of its connection.' }),
});

const entry = registryEntryShape.shape;
const credentials = credentialsSchema.meta({
  id: 'RegistryCredentials',
  description: 'Written, never read: no answer holds a value of it. `ssh_key` and `known_hosts` are the texts themselves.',
});
/** The document's; the rules that need several members are in registryEntrySchema. */
export const newRegistrySchema = registryEntryShape.omit({ module: true }).extend({ credentials: credentials.optional() }).meta({
  id: 'NewRegistry',
  description: 'An entry of registries.yaml. What names a file, folder, module or variable of the server is refused.',
});
/** Members that are left out stay; null takes one away. */
export const changedRegistrySchema = z
  .strictObject({
    type: entry.type.optional(),
    url: entry.url,
    default: z.boolean().optional(),
    credentials: credentials.nullish(),
    ca: entry.ca.nullable(),
    allowHttp: z.boolean().optional(),
    repositories: entry.repositories.nullable(),
    ref: entry.ref.nullable(),
    path: entry.path.nullable(),
  })
  .meta({ id: 'RegistryChange', description: 'Members that are left out stay as they are; null takes one away.' });
export const registryListSchema = z.object({ registries: z.array(z.object(registryShape).meta({ id: 'Registry' })) });
export const registryDetailSchema = z
  .object({ ...registryShape, problems: z.array(z.object({ subject: z.string(), message: z.string() })) })
  .meta({ id: 'RegistryDetail' });

const share = z.number().min(0).max(1).optional();

export const registryHealthSchema = z
  .object({
    registry: z.string(),
    available: z.boolean(),
    status,
    breaker: z.enum(['closed', 'open', 'half-open']),
    figures: z.object({
      calls: z.int(),
      failures: z.int(),
      authFailures: z.int(),
      rateLimitHits: z.int(),
      cacheHits: z.int(),
      cacheMisses: z.int(),
      successRate: share,
      cacheHitRate: share,
      responseMs: z.object({ average: z.int(), p50: z.int(), p95: z.int(), p99: z.int() }).optional(),
      callsPerMinute: z.number(),
      errors: z.record(z.string(), z.int()),
      lastSuccessAt: z.string().optional(),
    }),
    certificate: certificateSchema,
    error: errorSchema.optional(),
    checks: registryChecksSchema.optional(),
  })
  .meta({ id: 'RegistryHealth', description: 'Since the start of this server; rates and times from its last calls.' });

export const registryTestSchema = z
  .object({
    registry: z.string(),
    ok: z.boolean(),
    outcome: z.enum([
      'ok',
      'dns',
      'refused',
      'tls',
      'timeout',
      'unauthorized',
      'forbidden',
      'not_found',
      'not_a_registry',
      'rate_limit',
      'denied',
      'unavailable',
    ]),
    message: z.string(),
    elapsedMs: z.int(),
    credential: z.string().optional(),
    certificate: certificateSchema,
  })
  .meta({ id: 'RegistryTest' });

export const registryRefreshSchema = z
  .object({
    registry: z.string(),
    state: z.enum(['unchanged', 'changed', 'running']),
    templates: z.int(),
    written: z.int(),
    removed: z.int(),
    problemCount: z.int(),
  })
  .meta({ id: 'RegistryRefresh' });
