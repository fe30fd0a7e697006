import { z } from 'zod';
import { isDigest } from '../../domain/digest.ts';
import { isRegistryName } from '../../domain/reference.ts';
import { templateNameSchema, versionSchema } from '../../domain/registry-schemas.ts';
import { MAX_BUNDLE_BYTES } from '../../domain/signature.ts';
import { unstorable } from '../../domain/storable-text.ts';
import { acceptedSchema } from './operations.ts';

/** What publishing, yanking, rating and owning take and give. */

const time = z.string().meta({ format: 'date-time' });
/** Characters of a reason, a comment or a note: a few sentences. */
const MAX_WORDS = 1_000;
/** Users that own one name. */
const MAX_OWNERS = 50;

const textOf = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((text) => unstorable(text) === undefined, { error: ({ input }) => unstorable(String(input)) });
const words = textOf(MAX_WORDS);
const userSchema = textOf(253);

export const publishQuerySchema = z.strictObject({
  registry: z.string().refine(isRegistryName, 'is not a registry name').optional().meta({
    description:
      'Where to: `local` is this server; another one is published to with the credential that this server has there. Left out: the default registry where it is another Chandlery and not official, else this server.',
  }),
});

/** What a form may hold beside the archive. */
export const publishFieldsSchema = publishQuerySchema.extend({
  digest: z.string().refine(isDigest, 'is not sha256: and 64 hexadecimal digits').optional(),
  signature: z.string().max(MAX_BUNDLE_BYTES).optional(),
});

/** The form as the OpenAPI document shows it; it is read as a stream. */
export const publishFormSchema = z
  .object({
    archive: z
      .string()
      .meta({ format: 'binary', description: 'A tar or tar.gz with a template.yaml at its root; 256 MiB at most.' }),
    registry: z.string().optional().meta({ description: 'The same as in the query.' }),
    digest: z.string().optional().meta({
      description: '`sha256:<hex>` of the archive, before it in the form: other bytes are then refused with `digest_mismatch`.',
    }),
    signature: z.string().optional().meta({
      description:
        'The text of a Sigstore bundle over the archive; kept with the version. One that does not hold, or is by nobody whom this server knows, is refused with `signature_invalid`.',
    }),
  })
  .meta({ id: 'PublishForm' });

export const publishAcceptedSchema = acceptedSchema
  .extend({
    name: templateNameSchema,
    version: versionSchema,
    digest: z.string(),
    registry: z.string().meta({ description: 'Where it is published to; `local` is this server.' }),
  })
  .meta({ id: 'PublishAccepted' });

export const publishedVersionPathSchema = z.object({ name: templateNameSchema, version: versionSchema });

export const yankRequestSchema = z
  .strictObject({ reason: words.meta({ description: 'Why nobody should choose it any more.' }) })
  .meta({ id: 'YankRequest' });

export const yankedSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    yanked: z.object({ by: z.string(), reason: z.string(), at: time }).nullable(),
  })
  .meta({ id: 'YankState', description: 'Whether a version is yanked; null = it is not.' });

export const ratingRequestSchema = z
  .strictObject({ rating: z.int().min(1).max(5), comment: words.optional() })
  .meta({ id: 'RatingRequest' });

export const ratingsSchema = z
  .object({
    name: z.string(),
    rating: z.number().optional().meta({ description: 'Average, 1 to 5; absent when nobody rated it.' }),
    ratingCount: z.int(),
    ratings: z
      .array(z.object({ user: z.string(), rating: z.int(), comment: z.string().optional(), at: time }))
      .meta({ description: 'Newest first.' }),
  })
  .meta({ id: 'Ratings' });

export const ratingsQuerySchema = z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20) });

export const ownersSchema = z
  .object({ name: z.string(), owners: z.array(z.string()).meta({ description: 'Users that may publish and yank.' }) })
  .meta({ id: 'Owners' });
export const ownersRequestSchema = z
  .strictObject({ owners: z.array(userSchema).min(1).max(MAX_OWNERS) })
  .meta({ id: 'OwnersRequest' });

export const verifiedRequestSchema = z
  .strictObject({
    note: words.meta({ description: 'How it was proven that the publisher is who the name stands for; shown to everybody.' }),
  })
  .meta({ id: 'VerifiedRequest' });

export const verifiedSchema = z
  .object({
    name: z.string(),
    verified: z.object({ by: z.string(), note: z.string(), at: time }).nullable(),
  })
  .meta({
    id: 'Verified',
    description: 'Who vouches for the owner of the name, and how; null = nobody. It says nothing about what a version contains.',
  });
