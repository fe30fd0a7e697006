import { packFiles } from '../../../src/adapters/archive/pack.ts';
import { digestOf, OCI_MANIFEST, type PushTarget, pushArtifact, pushManifest } from '../oci/push.ts';

/** A small template as an archive. */
export function packTemplateFiles(name: string, version: string): Buffer {
  const manifest = `apiVersion: chandlery.dev/v1
kind: Template
metadata: {name: ${name}, version: ${version}, description: A cache.}
spec:
  type: manifests
  content: {path: manifests}
`;
  const files = { 'template.yaml': manifest, 'manifests/all.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\n' };
  return packFiles(Object.entries(files).map(([path, text]) => ({ path, data: Buffer.from(text) })));
}

export interface AnnotatedLayer {
  mediaType: string;
  bytes: Buffer;
  annotations: Record<string, string>;
}

/** An image whose one layer has annotations, as cosign 2 keeps signatures. */
export async function createLayer(target: PushTarget, repository: string, tag: string, layer: AnnotatedLayer): Promise<void> {
  const { annotations, ...content } = layer;
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', bytes: Buffer.from('{}') };
  // Pushed once for its blobs; the manifest with annotations takes the tag after that.
  await pushArtifact(target, { repository, tags: [tag], config, layers: [content] });
  await pushManifest(target, repository, tag, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: config.mediaType, digest: digestOf(config.bytes), size: config.bytes.length },
    layers: [{ mediaType: layer.mediaType, digest: digestOf(layer.bytes), size: layer.bytes.length, annotations }],
  });
}
