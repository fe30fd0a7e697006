import { createHash } from 'node:crypto';
import { deployerManifest } from '../../domain/foreign/deployer.ts';
import { DEPLOYER_SCHEMA_FILE } from '../../domain/foreign/deployer-schema.ts';
import { MANIFEST_FILE } from '../../domain/template.ts';
import { parseTemplate } from '../../domain/template-parse.ts';
import { packFiles } from '../archive/pack.ts';
import type { ImageManifest, OciManifest } from '../oci/documents.ts';
import { choosePlatform, readImageFile } from '../oci/image-files.ts';
import { type ArtifactContent, invalidArtifact, type ReadContext } from './oci-content.ts';

/** Deployer images: the application's schema.yaml lies in the image, and the image itself is the content. */

const LIMITS = {
  /** of schema.yaml; real ones have a few KiB */
  maxFileBytes: 256 * 1024,
  /** The schema is copied in last, so the first layers looked at have it; base images have about 100 MB. */
  maxLayerBytes: 256 * 1024 * 1024,
} as const;
const DESCRIPTION = 'org.opencontainers.image.description';

/**
 * Reads a deployer image and packs the small archive that stands for it: template.yaml, which names the image by digest, and the
 * schema.yaml as it is in the image. The same image gives the same bytes. Fails with registry_invalid for an image without a schema,
 * template_invalid for a schema that breaks its format.
 */
export async function readDeployer(context: ReadContext, manifest: OciManifest): Promise<ArtifactContent> {
  const { client, host, candidate, tag, signal } = context;
  const image = await imageOf(context, manifest);
  const schema = await readImageFile(client, candidate.repository, image, DEPLOYER_SCHEMA_FILE, LIMITS, signal);
  if (!schema) throw invalidArtifact(context, `the image has no /${DEPLOYER_SCHEMA_FILE}, so it is not a deployer image`);
  const where = `${candidate.repository}:${tag.tag}/${DEPLOYER_SCHEMA_FILE}`;
  const description = image.annotations?.[DESCRIPTION]?.trim();
  const pinned = {
    name: candidate.name,
    version: tag.version,
    tag: tag.tag,
    prefix: `${host}/${candidate.repository.replace(/\/deployer$/, '')}`,
    digest: manifest.digest,
    ...(description ? { description } : {}),
  };
  // JSON is YAML, and unlike YAML it is written alike by every version of every library.
  const text = `${JSON.stringify(deployerManifest(pinned, schema.toString('utf8'), where), null, 2)}\n`;
  const bytes = packFiles([
    { path: MANIFEST_FILE, data: Buffer.from(text, 'utf8') },
    { path: 'schema.yaml', data: schema },
  ]);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  // Read back by the rules every archive is read by: what could not be installed must not be listed.
  return { source: { kind: 'packed', bytes, digest }, manifest: parseTemplate(text, where), dependencies: [] };
}

async function imageOf(context: ReadContext, manifest: OciManifest): Promise<ImageManifest> {
  if (manifest.kind === 'image') return manifest.image;
  const chosen = choosePlatform(manifest.index);
  const image = chosen && (await context.client.manifest(context.candidate.repository, chosen.digest, context.signal));
  if (image?.kind === 'image') return image.image;
  throw invalidArtifact(context, 'the index names no image for Linux');
}
