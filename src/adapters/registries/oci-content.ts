import { ChandleryError } from '../../domain/errors.ts';
import type { VersionTag } from '../../domain/oci-tags.ts';
import type { DependencySpec } from '../../domain/registry.ts';
import type { TemplateManifest } from '../../domain/template.ts';
import type { OciClient } from '../oci/client.ts';
import type { Descriptor } from '../oci/documents.ts';
import type { Candidate } from './oci-repositories.ts';

/** Where the archive of a version comes from: a layer as it lies in the registry, or bytes that we packed. */
export type ArchiveSource = { kind: 'layer'; layer: Descriptor } | { kind: 'packed'; bytes: Buffer; digest: string };

export interface ArtifactContent {
  source: ArchiveSource;
  /** For charts without parameters: only the archive has them. */
  manifest: TemplateManifest;
  dependencies: DependencySpec[];
  deprecated?: boolean;
}

/** What reading one artifact needs. */
export interface ReadContext {
  client: OciClient;
  host: string;
  registry: string;
  candidate: Candidate;
  tag: VersionTag;
  signal: AbortSignal | undefined;
}

/** The failure for an artifact that breaks the rules of its kind. */
export function invalidArtifact({ registry, host, candidate, tag }: ReadContext, message: string): ChandleryError {
  return new ChandleryError('registry_invalid', `${host}/${candidate.repository}:${tag.tag}: ${message}`, { registry });
}
