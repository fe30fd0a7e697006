import { z } from 'zod';
import { isDigest } from '../../domain/digest.ts';
import { LOCK_VERSION, MAX_LOCK_TEMPLATES } from '../../domain/lock-file.ts';
import { isTemplateName } from '../../domain/reference.ts';
import { isVersion } from '../../domain/versions.ts';

/** Characters of `source:NAMESPACE/SOURCE`, the longest name of a registry, with room. */
const MAX_REGISTRY = 256;

const nameSchema = z.string().refine(isTemplateName, 'is not a template name');

const pinnedSchema = z.strictObject({
  registry: z.string().min(1).max(MAX_REGISTRY),
  name: nameSchema,
  version: z.string().refine(isVersion, 'is not a semantic version'),
  digest: z.string().refine(isDigest, 'is not sha256: and 64 hex digits').meta({ description: 'Of the archive.' }),
  dependencies: z.array(nameSchema).max(MAX_LOCK_TEMPLATES).meta({ description: 'Names, of this lock.' }),
});

/** What `chandlery install --lock-file` writes. */
export const lockFileSchema = z
  .strictObject({
    lockVersion: z.literal(LOCK_VERSION),
    root: nameSchema,
    templates: z
      .array(pinnedSchema)
      .min(1)
      .max(MAX_LOCK_TEMPLATES)
      .refine((templates) => new Set(templates.map(({ name }) => name)).size === templates.length, 'names a template twice'),
  })
  .meta({ id: 'LockFile' });
