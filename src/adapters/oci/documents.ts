import { z } from 'zod';
import { isDigest } from '../../domain/digest.ts';

/** Manifests and indexes as far as they are used; unknown members are ignored, as the specification asks. */

const MAX_LAYERS = 1_000; // container runtimes stop at 127
const MAX_INDEX_ENTRIES = 10_000; // referrers of one digest come as an index too

const annotations = z.record(z.string(), z.string()).nullable().optional();
const descriptorSchema = z.object({
  mediaType: z.string().max(255),
  digest: z.string().refine(isDigest, 'is not a sha256 digest'),
  size: z.int().nonnegative(),
  artifactType: z.string().max(255).optional(),
  annotations,
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
});
const head = {
  schemaVersion: z.literal(2),
  mediaType: z.string().max(255).optional(),
  artifactType: z.string().max(255).optional(),
  annotations,
};

export const imageSchema = z.object({
  ...head,
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(MAX_LAYERS),
  subject: descriptorSchema.nullable().optional(),
});
export const indexSchema = z.object({ ...head, manifests: z.array(descriptorSchema).max(MAX_INDEX_ENTRIES) });

export type Descriptor = z.infer<typeof descriptorSchema>;
export type ImageManifest = z.infer<typeof imageSchema>;
export type ImageIndex = z.infer<typeof indexSchema>;

export type OciManifest = { digest: string; mediaType: string; size: number } & (
  | { kind: 'image'; image: ImageManifest }
  | { kind: 'index'; index: ImageIndex }
);
