import { z } from 'zod';
import { objectRefSchema, pinSchema, summarySchema } from './deployments.ts';

const parameters = z.record(z.string(), z.unknown());

const plannedObjectSchema = z
  .object({
    ref: objectRefSchema,
    wave: z.int(),
    action: z.enum(['create', 'update', 'unchanged', 'delete', 'keep']),
    checked: z
      .enum(['cluster', 'later'])
      .meta({ description: '`later`: its namespace or kind comes with this plan, so the cluster cannot try it yet.' }),
    changes: z.array(
      z.object({
        path: z.string(),
        before: z.unknown().optional(),
        after: z.unknown().optional(),
        masked: z.boolean().optional().meta({ description: 'Its values are secret.' }),
      }),
    ),
    truncated: z.boolean().optional(),
  })
  .meta({ id: 'PlannedObject' });

export const planSchema = z
  .object({
    digest: z.string().meta({ example: `sha256:${'0'.repeat(64)}` }),
    kind: z.enum(['deploy', 'upgrade', 'rollback']),
    cluster: z.string(),
    namespace: z.string(),
    name: z.string(),
    template: pinSchema,
    parameters,
    secretParameters: z.array(z.string()).meta({ description: 'Secret parameters, by name only.' }),
    generated: z.array(z.string()).meta({ description: 'Parameters that the server makes up.' }),
    base: z.int().meta({ description: 'Number of the revision it starts from; 0 for none.' }),
    rollbackOf: z.int().optional(),
    rendered: z.string(),
    objects: z.array(plannedObjectSchema),
    summary: summarySchema,
    images: z.array(z.string()),
    permissions: z.array(
      z.object({
        verb: z.string(),
        group: z.string(),
        resource: z.string(),
        namespace: z.string().optional(),
        allowed: z.boolean(),
      }),
    ),
    capacity: z.object({
      requests: z.object({ cpu: z.string(), memory: z.string(), pods: z.int() }),
      quotas: z.array(
        z.object({
          quota: z.string(),
          resource: z.string(),
          hard: z.string(),
          used: z.string(),
          adds: z.string(),
          fits: z.boolean(),
        }),
      ),
    }),
    dependencies: z.array(
      z.object({
        template: z.string(),
        range: z.string(),
        namespace: z.string(),
        name: z.string(),
        action: z.enum(['shared', 'deploy']),
        pin: pinSchema.optional(),
        direct: z.boolean(),
        plan: z.string().optional(),
        parameters: parameters.optional(),
        after: z.array(z.string()).optional(),
      }),
    ),
    warnings: z.array(z.string()),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Plan', description: 'What a change would do, to the field. It is immutable; its digest names it.' });

export const planPathSchema = z.object({ digest: z.string().meta({ description: '`sha256:` and 64 hex digits.' }) });
