import { z } from 'zod';
import { isDeploymentName, MAX_DEPLOYMENT_NAME } from '../../domain/deployment-name.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { ERROR_CATALOGUE } from '../../domain/errors.ts';
import { isTemplateName } from '../../domain/reference.ts';
import { isRange } from '../../domain/versions.ts';
import { namespaceSchema } from './operations.ts';

/** What the API takes and gives about deployments. Plans: plans.ts; the requests: changes.ts. */

const codes = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];
const time = z.string().meta({ format: 'date-time' });

export const deploymentNameSchema = z
  .string()
  .refine(
    isDeploymentName,
    `is not a deployment name (lower-case letters, digits and inner dashes, ${MAX_DEPLOYMENT_NAME} at most)`,
  )
  .meta({ example: 'shop' });

export const rangeSchema = z
  .string()
  .max(256)
  .refine(isRange, 'is not a version or a semver range (such as 7.2.5, ^7.0.0 or ">=7 <8")');

export const pinSchema = z
  .object({ registry: z.string(), name: z.string(), version: z.string(), digest: z.string() })
  .meta({ id: 'TemplatePin', description: 'One exact template version.' });

export const summarySchema = z
  .object({ create: z.int(), update: z.int(), unchanged: z.int(), delete: z.int() })
  .meta({ id: 'PlanSummary' });

export const objectRefSchema = z
  .object({ apiVersion: z.string(), kind: z.string(), namespace: z.string().optional(), name: z.string() })
  .meta({ id: 'ObjectRef' });

const links = z.object({
  self: z.string(),
  resources: z.string(),
  events: z.string(),
  outputs: z.string(),
  revisions: z.string(),
  operations: z.string(),
});

export const deploymentSchema = z
  .object({
    id: z.string().meta({ example: 'local.team-a.shop' }),
    namespace: z.string(),
    name: z.string(),
    source: z.enum(['marketplace', 'builtin', 'direct']).meta({ description: 'Where its template came from.' }),
    template: pinSchema,
    state: z.enum(['deploying', 'changing', 'ready', 'failed', 'destroying']),
    revision: z.int().meta({ description: 'Number of the current revision; 0 while the first is on its way.' }),
    owner: z.string().optional().meta({ description: 'Deployment it was deployed for.' }),
    dependencies: z.array(
      z.object({ namespace: z.string(), name: z.string(), template: z.string(), range: z.string(), owned: z.boolean() }),
    ),
    dependents: z.array(z.object({ namespace: z.string(), name: z.string(), owned: z.boolean() })).optional(),
    requester: z.string().meta({ description: 'Who asked for the last change.' }),
    operation: z.string().meta({ description: 'Id of the operation that made the last change.' }),
    createdAt: time,
    updatedAt: time,
    links,
  })
  .meta({ id: 'Deployment' });

export const deploymentListSchema = z
  .object({ deployments: z.array(deploymentSchema), nextCursor: z.string().optional() })
  .meta({ id: 'DeploymentList' });

export const deploymentQuerySchema = z.strictObject({
  namespace: namespaceSchema.optional(),
  template: z.string().refine(isTemplateName, 'is not a template name').optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(1024).optional(),
});

const resourceSchema = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    namespace: z.string().optional(),
    name: z.string(),
    uid: z.string().optional(),
    generation: z.int().optional(),
    status: z.enum(['ready', 'progressing', 'failed', 'missing', 'terminating', 'unknown']),
    message: z.string().optional(),
    createdAt: time.optional(),
  })
  .meta({ id: 'Resource' });

export const resourceListSchema = z
  .object({
    revision: z.int().meta({ description: 'Number of the revision whose objects these are.' }),
    resources: z
      .array(resourceSchema)
      .meta({ description: 'Its objects as they are in the cluster, in the order they are applied.' }),
    pods: z.array(resourceSchema),
    truncated: z.boolean().meta({ description: 'There are more pods than are listed.' }),
  })
  .meta({ id: 'ResourceList' });

export const eventListSchema = z
  .object({
    events: z.array(
      z.object({
        type: z.string().meta({ example: 'Warning' }),
        reason: z.string(),
        message: z.string(),
        count: z.int(),
        at: time.optional(),
        about: objectRefSchema,
      }),
    ),
    truncated: z.boolean(),
  })
  .meta({ id: 'EventList', description: 'Kubernetes events of its objects and pods, newest first.' });

export const outputListSchema = z
  .object({
    outputs: z.array(
      z.object({
        name: z.string(),
        description: z.string().optional(),
        secret: z.boolean(),
        value: z.string().optional().meta({ description: 'Absent when it cannot be told, for the reason in `note`.' }),
        note: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'OutputList' });

export const outputQuerySchema = z.strictObject({
  secrets: z
    .enum(['true', 'false'])
    .default('true')
    .meta({ description: '`false` leaves the values of secret outputs out; reading them is written into the audit log.' }),
});

const revisionSchema = z
  .object({
    number: z.int(),
    state: z.enum(['pending', 'current', 'superseded', 'undone', 'failed']),
    kind: z.enum(['deploy', 'upgrade', 'rollback']),
    template: pinSchema,
    summary: summarySchema,
    plan: z.string().meta({ description: 'Digest of the plan that was carried out.' }),
    rollbackOf: z.int().optional(),
    requester: z.string(),
    operation: z.string(),
    startedAt: time,
    endedAt: time.optional(),
    failure: z.object({ code: z.enum(codes), message: z.string() }).optional(),
  })
  .meta({ id: 'Revision' });

export const revisionDetailSchema = revisionSchema
  .extend({
    parameters: z.record(z.string(), z.unknown()).meta({ description: 'As given, without secret ones and without defaults.' }),
    objects: z.array(
      objectRefSchema.extend({ uid: z.string().optional(), wave: z.int(), existed: z.boolean() }).meta({ id: 'RevisionObject' }),
    ),
  })
  .meta({ id: 'RevisionDetail' });

export const revisionListSchema = z.object({ revisions: z.array(revisionSchema) }).meta({ id: 'RevisionList' });

export const deploymentPathSchema = z.object({ id: z.string().meta({ example: 'local.team-a.shop' }) });
export const revisionPathSchema = deploymentPathSchema.extend({ number: z.coerce.number().int().min(1) });
