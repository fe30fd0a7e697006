import type { ArchiveStream } from '../../domain/registry.ts';
import { type BlobOptions, openBlob, readBlob } from './blobs.ts';
import type { Descriptor, OciManifest } from './documents.ts';
import { readManifest, resolveTag } from './manifests.ts';
import { readCatalog, readTags } from './pages.ts';
import { readReferrers } from './referrers.ts';
import { OciSession, type SessionOptions } from './session.ts';

/** One OCI registry, read by the distribution specification 1.1. Fails as the guarded client does, and with digest_mismatch. */
export interface OciClient {
  /** Whether it is an OCI registry, and whether it takes the credential. */
  ping(signal?: AbortSignal): Promise<void>;
  /** By tag or digest; undefined when there is nothing. */
  manifest(repository: string, reference: string, signal?: AbortSignal): Promise<OciManifest | undefined>;
  /** The digest a tag names; undefined when there is nothing. */
  resolve(repository: string, tag: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Undefined when there is no such repository. */
  tags(repository: string, signal?: AbortSignal): Promise<string[] | undefined>;
  /** Undefined when the registry has no list of its repositories. */
  catalog(signal?: AbortSignal): Promise<string[] | undefined>;
  /** A stream whose digest the caller checks. */
  openBlob(repository: string, blob: Pick<Descriptor, 'digest' | 'size'>, options: BlobOptions): Promise<ArchiveStream>;
  /** A whole small blob, checked. */
  readBlob(
    repository: string,
    blob: Pick<Descriptor, 'digest' | 'size'>,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer>;
  referrers(repository: string, digest: string, artifactType?: string, signal?: AbortSignal): Promise<Descriptor[]>;
}

/** A client for the registry at `origin`. Repository names and tags are the caller's to check (names.ts). */
export function createOciClient(options: SessionOptions): OciClient {
  const session = new OciSession(options);
  return {
    async ping(signal) {
      const response = await session.request({ path: '/v2/', signal });
      await response.discard();
    },
    manifest: (repository, reference, signal) => readManifest(session, repository, reference, signal),
    resolve: (repository, tag, signal) => resolveTag(session, repository, tag, signal),
    tags: (repository, signal) => readTags(session, repository, signal),
    catalog: (signal) => readCatalog(session, signal),
    openBlob: (repository, blob, blobOptions) => openBlob(session, repository, blob, blobOptions),
    readBlob: (repository, blob, maxBytes, signal) => readBlob(session, repository, blob, maxBytes, signal),
    referrers: (repository, digest, artifactType, signal) => readReferrers(session, repository, digest, artifactType, signal),
  };
}
