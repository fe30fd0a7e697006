import { z } from 'zod';
import { deploymentNameSchema, rangeSchema } from './deployments.ts';
import { namespaceSchema } from './operations.ts';

/** Requests that plan or make a change of a deployment. */

/** Longest wait for readiness, seconds: a day. The operation's own limit ends it earlier. */
const MAX_READY_SECONDS = 86_400;

const parameters = z
  .record(z.string().max(256), z.unknown())
  .meta({ description: "By name, as the template's schema says. Secret ones are kept apart and shown nowhere." });

const referenceSchema = z.string().min(1).max(512).meta({
  description: 'NAME, NAME@RANGE, REGISTRY/NAME@RANGE, or source:NAMESPACE/SOURCE/NAME@RANGE for an item of a namespace source.',
  example: 'shop@^1.0.0',
});

/** What a new deployment is made of. */
const newDeployment = {
  namespace: namespaceSchema.optional().meta({ description: '`default` when left out.' }),
  name: deploymentNameSchema.optional().meta({ description: "The template's name, or the image's, when left out." }),
  ref: referenceSchema.optional(),
  image: z.string().min(1).max(512).optional().meta({ description: 'Instead of `ref`: the built-in web-app with this image.' }),
  parameters: parameters.optional(),
  size: z.string().max(64).optional().meta({ description: 'The parameter `size`, where the template has it.', example: 'L' }),
  spot: z.boolean().optional().meta({ description: 'The parameter `spot`, where the template has it.' }),
  owner: z.string().max(253).optional().meta({ description: 'The parameter `owner`, where the template has it.' }),
  acceptUnsigned: z.boolean().optional(),
};

const rollout = {
  force: z.boolean().optional().meta({ description: 'Take fields over from other managers.' }),
  keepFailed: z.boolean().optional().meta({ description: 'Leave what failed where it is, instead of going back.' }),
  readySeconds: z.int().min(1).max(MAX_READY_SECONDS).optional().meta({ description: 'Until everything must be ready (300).' }),
};

export const planRequestSchema = z
  .strictObject({
    ...newDeployment,
    deployment: z
      .string()
      .max(512)
      .optional()
      .meta({ description: 'Id of the deployment to change.', example: 'local.team-a.shop' }),
    version: rangeSchema.optional().meta({ description: 'With `deployment`: another version of its template.' }),
    revision: z.int().min(1).optional().meta({ description: 'With `deployment`: go back to this revision.' }),
    force: rollout.force,
  })
  .superRefine((body, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const named = (['ref', 'image', 'deployment'] as const).filter((key) => body[key] !== undefined);
    if (named.length !== 1) refuse(named[1] ?? 'ref', 'give exactly one of ref, image and deployment');
    if (body.deployment === undefined) {
      for (const key of ['version', 'revision'] as const) if (body[key] !== undefined) refuse(key, 'needs deployment');
      return;
    }
    for (const key of ['name', 'size', 'spot', 'owner'] as const)
      if (body[key] !== undefined) refuse(key, 'is for a new deployment only');
    if (body.revision === undefined) return;
    for (const key of ['version', 'parameters'] as const)
      if (body[key] !== undefined) refuse(key, 'cannot be changed when going back to a revision');
  })
  .meta({ id: 'PlanRequest' });

export const deployRequestSchema = z
  .strictObject({
    ...newDeployment,
    ...rollout,
    plan: z.string().max(128).optional().meta({ description: 'Digest of a plan: exactly it is carried out.' }),
    secrets: parameters.optional().meta({ description: 'With `plan`: the values of its secret parameters.' }),
  })
  .superRefine((body, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const named = (['ref', 'image', 'plan'] as const).filter((key) => body[key] !== undefined);
    if (named.length !== 1) refuse(named[1] ?? 'ref', 'give exactly one of ref, image and plan');
    if (body.plan === undefined) {
      if (body.secrets !== undefined) refuse('secrets', 'goes with a plan; without one, give them among the parameters');
      return;
    }
    for (const key of ['namespace', 'name', 'parameters', 'size', 'spot', 'owner'] as const)
      if (body[key] !== undefined) refuse(key, 'is in the plan already');
  })
  .meta({ id: 'DeployRequest' });

export const upgradeRequestSchema = z
  .strictObject({
    version: rangeSchema.optional(),
    parameters: parameters.optional().meta({ description: 'Merged over the present ones; null takes one away.' }),
    acceptUnsigned: z.boolean().optional(),
    ...rollout,
  })
  .meta({ id: 'UpgradeRequest' });

export const rollbackRequestSchema = z
  .strictObject({
    revision: z.int().min(1).optional().meta({ description: 'The one before the current when left out.' }),
    ...rollout,
  })
  .meta({ id: 'RollbackRequest' });

export const destroyQuerySchema = z.strictObject({
  deleteVolumes: z.enum(['true', 'false']).default('false').meta({ description: 'Also the volumes; they are kept otherwise.' }),
});

export type NewDeployment = Pick<
  z.infer<typeof deployRequestSchema>,
  'namespace' | 'name' | 'ref' | 'image' | 'parameters' | 'size' | 'spot' | 'owner' | 'acceptUnsigned'
>;
export type Rollout = Pick<z.infer<typeof deployRequestSchema>, 'force' | 'keepFailed' | 'readySeconds'>;
