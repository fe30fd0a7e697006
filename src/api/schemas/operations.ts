import { z } from 'zod';
import type { ErrorCode } from '../../domain/errors.ts';
import { ERROR_CATALOGUE } from '../../domain/errors.ts';
import type { OperationKind } from '../../domain/operation.ts';
import { isNamespace, isTemplateName } from '../../domain/reference.ts';
import { decisionSchema } from './decision.ts';
import { installCheckSchema } from './findings.ts';
import { lockFileSchema } from './lock-file.ts';

/** What the API takes and gives, once: types, checks and the OpenAPI document come from these. */

const codes = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];
const time = z.string().meta({ format: 'date-time' });

export const namespaceSchema = z
  .string()
  .refine(isNamespace, 'is not a namespace name (lower-case letters, digits and inner hyphens, 63 at most)')
  .meta({ example: 'team-a' });
/** names in one request: whoever wants more brings everything up to date */
const MAX_UPDATED = 50;
const templateNameSchema = z.string().refine(isTemplateName, 'is not a template name');

const failureSchema = z
  .object({
    code: z.enum(codes),
    message: z.string(),
    guidance: z.string(),
    step: z.string().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Failure', description: 'Why a step or an operation did not succeed, in the words of the error catalogue.' });

const attemptSchema = z.object({
  attempt: z.int(),
  outcome: z.enum(codes),
  message: z.string(),
  at: time.optional(),
});

const stepSchema = z
  .object({
    name: z.string(),
    state: z.enum(['pending', 'running', 'retrying', 'succeeded', 'failed', 'cancelled', 'skipped']),
    attempt: z.int(),
    maxAttempts: z.int().meta({ description: 'Failures after which the step gives up; a lost worker is not a failure.' }),
    nextRetryAt: time.optional(),
    waitingFor: z.string().optional(),
    startedAt: time.optional(),
    endedAt: time.optional(),
    detail: z.string().optional(),
    bytes: z.object({ done: z.int(), total: z.int() }).optional(),
    failure: failureSchema.optional(),
    attempts: z.array(attemptSchema).meta({ description: 'Every attempt that did not succeed.' }),
    kept: z.boolean().optional().meta({ description: 'The result was taken over from the operation this one replays.' }),
    undone: z.boolean().optional(),
  })
  .meta({ id: 'Step' });

const KINDS = [
  'install',
  'uninstall',
  'plan',
  'deploy',
  'upgrade',
  'rollback',
  'destroy',
  'publish',
] as const satisfies OperationKind[];
const kindSchema = z.enum(KINDS);
const stateSchema = z.enum([
  'queued',
  'running',
  'paused',
  'parked',
  'awaiting-approval',
  'undoing',
  'succeeded',
  'failed',
  'cancelled',
]);

export const operationSchema = z
  .object({
    id: z.string(),
    kind: kindSchema,
    target: z.string().meta({ example: 'install/local/team-a/shop' }),
    requester: z.string(),
    state: stateSchema,
    step: z.string().optional(),
    percent: z.int(),
    steps: z.array(stepSchema),
    input: z.record(z.string(), z.unknown()),
    result: z.unknown().optional(),
    failure: failureSchema.optional(),
    warnings: z.array(z.string()),
    replayOf: z.string().optional(),
    cancelRequested: z.boolean().optional(),
    createdAt: time,
    endedAt: time.optional(),
    deadline: time.optional(),
    links: z.object({ self: z.string(), events: z.string(), history: z.string() }),
  })
  .meta({ id: 'Operation' });

export const operationListSchema = z
  .object({
    operations: z.array(
      operationSchema.pick({
        id: true,
        kind: true,
        target: true,
        requester: true,
        state: true,
        replayOf: true,
        createdAt: true,
        endedAt: true,
      }),
    ),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'OperationList' });

export const operationQuerySchema = z.strictObject({
  namespace: namespaceSchema.optional(),
  template: templateNameSchema.optional(),
  state: z.enum(['running', 'succeeded', 'failed', 'cancelled']).optional(),
  kind: kindSchema.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(4096).optional(),
});

export const acceptedSchema = z
  .object({
    operation: z.string().meta({ description: 'Id of the operation.' }),
    joined: z.boolean().meta({ description: 'An equal request was already running; this is its operation.' }),
    links: z.object({ operation: z.string(), events: z.string() }),
  })
  .meta({ id: 'Accepted' });

export const deploymentAcceptedSchema = acceptedSchema
  .extend({ deployment: z.string().meta({ description: 'Id of the deployment.', example: 'local.team-a.shop' }) })
  .meta({ id: 'DeploymentAccepted' });

export const replayRequestSchema = z
  .strictObject({
    from: z
      .string()
      .min(1)
      .max(64)
      .default('auto')
      .meta({ description: '`auto` (the first step whose effect does not stand), `start`, or the name of a step.' }),
    input: z
      .strictObject({
        registry: z.string().max(63).optional(),
        version: z.string().max(256).optional(),
        acceptUnsigned: z.boolean().optional(),
        force: z.boolean().optional(),
        parameters: z.record(z.string().max(256), z.unknown()).optional().meta({
          description:
            'Of a deploy, an upgrade or a plan: merged over those it was started with. Secret values must be given again.',
        }),
        readySeconds: z.int().min(1).max(86_400).optional(),
        revision: z.int().min(1).optional().meta({ description: 'Of a rollback.' }),
      })
      .optional()
      .meta({ description: 'Corrections; the target stays the same.' }),
  })
  .meta({ id: 'ReplayRequest' });

export const replayedSchema = acceptedSchema
  .extend({
    from: z.string(),
    keeps: z.array(z.string()).meta({ description: 'Steps whose results are kept where their effects still stand.' }),
  })
  .meta({ id: 'Replayed' });

export const installRequestSchema = z
  .strictObject({
    namespace: namespaceSchema.default('default'),
    ref: z.string().min(1).max(512).meta({
      description:
        'NAME, NAME@RANGE, REGISTRY/NAME@RANGE, or source:NAMESPACE/SOURCE/NAME@RANGE for an item of a namespace source.',
      example: 'shop@^1.0.0',
    }),
    acceptUnsigned: z.boolean().exactOptional(),
    force: z.boolean().exactOptional().meta({ description: 'Materialise again also what is already there.' }),
    prerelease: z.boolean().exactOptional().meta({
      description: 'Pre-releases of this template count like releases; what it needs is as its own ranges say.',
    }),
    updateOnly: z
      .array(templateNameSchema)
      .min(1)
      .max(MAX_UPDATED)
      .exactOptional()
      .meta({
        description: 'Bring only these up to date: everything else stays as it is installed, unless it must move.',
        example: ['redis'],
      }),
    lock: lockFileSchema.exactOptional().meta({
      description:
        'Install exactly this; `lock_stale` if it does not fit any more. `digest_mismatch` if a version has other bytes now.',
    }),
  })
  .refine(({ lock, updateOnly, prerelease }) => lock === undefined || (updateOnly === undefined && prerelease === undefined), {
    path: ['lock'],
    message: 'leaves nothing to choose: leave updateOnly and prerelease out',
  })
  .meta({ id: 'InstallRequest' });

export const installSchema = z
  .object({
    id: z.string().meta({ example: 'local.team-a.shop' }),
    namespace: z.string(),
    name: z.string(),
    registry: z.string(),
    version: z.string(),
    digest: z.string(),
    contentHash: z.string(),
    explicit: z.boolean().meta({ description: 'False for one that came only as a dependency.' }),
    dependencies: z.array(z.object({ name: z.string(), range: z.string() })),
    dependents: z.array(z.string()).optional(),
    trust: z.object({ verified: z.boolean(), note: z.string() }),
    requester: z.string(),
    operation: z.string(),
    installedAt: time,
    check: installCheckSchema.optional(),
    decision: decisionSchema.optional().meta({ description: 'Why it was let in; only of one install.' }),
  })
  .meta({ id: 'Install' });

export const installListSchema = z.object({ installs: z.array(installSchema) }).meta({ id: 'InstallList' });
export const installQuerySchema = z.strictObject({ namespace: namespaceSchema.optional() });
