import { templateDetailSchema } from '../../domain/registry-schemas.ts';
import { MANIFEST_FILE, type TemplateManifest } from '../../domain/template.ts';
import { parseTemplate } from '../../domain/template-parse.ts';
import { createArchiveReader } from '../archive/inspect.ts';
import { parseJson } from '../http/body.ts';
import type { Descriptor, ImageManifest } from '../oci/documents.ts';
import { type ArtifactContent, invalidArtifact, type ReadContext } from './oci-content.ts';

/** Our own templates as artifacts: one layer is the archive; the config may be the manifest as JSON, so that listing stays cheap. */

export const TEMPLATE_ARTIFACT = 'application/vnd.chandlery.template.v1';
const TEMPLATE_CONFIG = 'application/vnd.chandlery.template.config.v1+json';
const TEMPLATE_LAYERS = ['application/vnd.chandlery.template.v1.tar+gzip', 'application/vnd.chandlery.template.v1.tar'];

/** bytes; of template.yaml and of its form as JSON */
const MAX_MANIFEST_BYTES = 256 * 1024;
/** bytes; archives that are read to the end for their manifest alone */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** Fails with registry_invalid, template_invalid, and as reading archives does. */
export async function readTemplateArtifact(context: ReadContext, image: ImageManifest): Promise<ArtifactContent> {
  const layers = image.layers.filter(({ mediaType }) => TEMPLATE_LAYERS.includes(mediaType));
  const [layer] = layers;
  if (!layer || layers.length > 1)
    throw invalidArtifact(
      context,
      `a template has one layer of type ${TEMPLATE_LAYERS.join(' or ')}, this one has ${layers.length}`,
    );
  const manifest =
    image.config.mediaType === TEMPLATE_CONFIG ? await fromConfig(context, image.config) : await fromLayer(context, layer);
  const { name, version } = manifest.metadata;
  const { candidate, tag } = context;
  if (name !== candidate.name || version !== tag.version)
    throw invalidArtifact(context, `the template is ${name}@${version}, not ${candidate.name}@${tag.version}`);
  return { source: { kind: 'layer', layer }, manifest, dependencies: manifest.spec.dependencies ?? [] };
}

async function fromConfig(context: ReadContext, config: Descriptor): Promise<TemplateManifest> {
  const { client, candidate, registry, signal } = context;
  const bytes = await client.readBlob(candidate.repository, config, MAX_MANIFEST_BYTES, signal);
  const value = parseJson(bytes, { url: `${context.host}/${candidate.repository}`, registry });
  const parsed = templateDetailSchema.shape.manifest.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidArtifact(context, `the config: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not valid'}`);
}

async function fromLayer(context: ReadContext, layer: Descriptor): Promise<TemplateManifest> {
  const { client, candidate, signal } = context;
  const bytes = await client.readBlob(candidate.repository, layer, MAX_READ_BYTES, signal);
  const keep = (path: string, size: number) => path === MANIFEST_FILE && size <= MAX_MANIFEST_BYTES;
  const { bodies } = await createArchiveReader().inspect(once(bytes), { keep, ...(signal ? { signal } : {}) });
  const manifest = bodies.get(MANIFEST_FILE);
  if (manifest) return parseTemplate(manifest.toString('utf8'), `${candidate.repository}:${context.tag.tag}/${MANIFEST_FILE}`);
  throw invalidArtifact(context, `the archive has no ${MANIFEST_FILE} of at most ${MAX_MANIFEST_BYTES} bytes`);
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
