import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { DEFAULT_ARCHIVE_LIMITS } from '../src/domain/archive.ts';
import type { BlobUpload } from '../src/domain/blob-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { LockedTemplate } from '../src/domain/lock.ts';
import type { ArchiveRange, ArchiveStream } from '../src/domain/registry.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  templates: LockedTemplate[];
}

/** Streams every archive of the lock into the blob store: hashed and counted while it flows, resumed where an attempt broke off. */
export function createDownload(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ templates }: Input, run) {
      const total = templates.reduce((sum, template) => sum + template.size, 0);
      let done = 0;
      let fetched = 0;
      for (const template of templates) {
        const before = done;
        const count = (bytes: number) => {
          done = before + bytes;
          run.progress({ bytes: { done, total }, waitingFor: `${template.name}@${template.version}` });
        };
        if (!(await deps.store.blobs.has(template.digest))) fetched += await fetchArchive(deps, template, run, count);
        // Another operation published it since a killed attempt of this one had begun: what that had stored is of no use any more.
        else if (run.attempt > 1) await (await openUpload(deps, template, run)).discard();
        count(template.size);
      }
      return { digests: templates.map((template) => template.digest), bytes: total, fetched };
    },
    describe: ({ digests, bytes, fetched }) => ({
      detail: `${digests.length} ${digests.length === 1 ? 'archive' : 'archives'}, ${bytes} bytes, ${fetched} of them fetched`,
    }),
    async ensure({ digests }) {
      const present = await Promise.all(digests.map((digest) => deps.store.blobs.has(digest)));
      return present.every(Boolean);
    },
  });
}

/** Answers the bytes that came over the wire. */
async function fetchArchive(
  deps: ActivityDeps,
  template: LockedTemplate,
  run: StepRun,
  count: (bytes: number) => void,
): Promise<number> {
  const upload = await openUpload(deps, template, run);
  const stream = await openArchive(deps, template, { offset: upload.offset, digest: template.digest, signal: run.signal });
  // A registry without ranges sends from byte 0: what was stored is then of no use.
  const { hash, size: start } = stream.offset === upload.offset ? await hashStored(upload) : await startOver(upload);
  let size = start;
  for await (const chunk of stream.body) {
    size += chunk.length;
    if (size > DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes) return refuse(upload, tooLarge(template));
    hash.update(chunk);
    await upload.append(chunk);
    count(size);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== template.digest) return refuse(upload, mismatch(template, digest));
  await upload.complete(size);
  return size - start;
}

async function openArchive(deps: ActivityDeps, template: LockedTemplate, range: ArchiveRange): Promise<ArchiveStream> {
  const { registry, name, version, origin } = template;
  // The lock says where it lies: the source may be gone by now, or another one.
  if (origin && deps.sources) return deps.sources.openArchive(registry, origin, version, range);
  return (await findRegistry(deps.registries, registry)).openArchive(name, version, range);
}

/** The same upload in every attempt of the operation, so that one goes on where another broke off. */
function openUpload(deps: ActivityDeps, template: LockedTemplate, run: StepRun): Promise<BlobUpload> {
  return deps.store.blobs.openUpload(`${run.key.root}/${template.digest}`, template.digest);
}

async function hashStored(upload: BlobUpload): Promise<{ hash: Hash; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of upload.stored()) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { hash, size };
}

async function startOver(upload: BlobUpload): Promise<{ hash: Hash; size: number }> {
  await upload.restart();
  return { hash: createHash('sha256'), size: 0 };
}

async function refuse(upload: BlobUpload, error: ChandleryError): Promise<never> {
  await upload.discard();
  throw error;
}

function tooLarge(template: LockedTemplate): ChandleryError {
  return new ChandleryError(
    'too_large',
    `the archive of ${template.name}@${template.version} is larger than ${DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes} bytes`,
    {
      registry: template.registry,
      template: `${template.name}@${template.version}`,
    },
  );
}

function mismatch(template: LockedTemplate, digest: string): ChandleryError {
  return new ChandleryError(
    'digest_mismatch',
    `${template.registry} promised ${template.digest} for ${template.name}@${template.version} and sent ${digest}`,
    {
      registry: template.registry,
      template: `${template.name}@${template.version}`,
    },
  );
}
