import type { ArchiveRead } from '../../src/api/registry-archive.ts';
import type { FaultProxy } from '../../test/support/fault-proxy.ts';
import type { Finding, Outcome } from './findings.ts';

/** When an archive was asked for at the registry. */
export interface TimedRead extends ArchiveRead {
  /** Milliseconds since the epoch. */
  at: number;
}

/** A worker looks whether the store has an archive, then asks for it; another one may finish in between, milliseconds. */
const LOOK_TO_ASK_MS = 2_000;

interface Transfers {
  requests: ReturnType<FaultProxy['requests']>;
  reads: readonly TimedRead[];
  /** When the store published each archive, by digest, milliseconds since the epoch. */
  storedAt: ReadonlyMap<string, number>;
}

/**
 * Counts at the registry. One attempt of a download may fetch an archive to its end once, so there may be as many complete
 * transfers as attempts of operations that needed it; a transfer that a kill cut off is none. And nobody may ask for an archive
 * that the store already has.
 */
export function inspectRegistry(outcomes: readonly Outcome[], { requests, reads, storedAt }: Transfers): Finding[] {
  const allowed = attemptsByArchive(outcomes);
  const sizes = new Map(reads.map((read) => [archivePath(read.name, read.version), read.end]));
  const complete = countBy(
    requests.filter((request) => isComplete(request, sizes.get(request.path))),
    ({ path }) => path,
  );
  const tooOften = [...complete].filter(([path, count]) => count > (allowed.get(path) ?? 0));
  const tooLate = reads.filter(({ digest, at }) => at > (storedAt.get(digest) ?? Number.POSITIVE_INFINITY) + LOOK_TO_ASK_MS);
  return [
    ...tooOften.map(([path, count]): Finding => {
      return { kind: 'doubled', text: `${path} was fetched to its end ${count} times in ${allowed.get(path) ?? 0} attempts` };
    }),
    ...tooLate.map(({ name, version }): Finding => {
      return { kind: 'doubled', text: `${name}@${version} was fetched although the store had it` };
    }),
  ];
}

/** Attempts of the download step over all operations whose lock holds the archive. */
function attemptsByArchive(outcomes: readonly Outcome[]): Map<string, number> {
  const allowed = new Map<string, number>();
  for (const { install, operation } of outcomes) {
    // Of an operation that cannot be read the attempts are not known; it is a finding already.
    const attempts = operation?.steps.find((step) => step.name === 'download')?.attempt ?? Number.POSITIVE_INFINITY;
    for (const [name, version] of Object.entries(install.expected)) {
      const path = archivePath(name, version);
      allowed.set(path, (allowed.get(path) ?? 0) + attempts);
    }
  }
  return allowed;
}

function archivePath(name: string, version: string): string {
  return `/api/v1/templates/${name}/archive?version=${version}`;
}

function isComplete({ status, bytes, headers }: Transfers['requests'][number], size: number | undefined): boolean {
  if (status !== 200 && status !== 206) return false;
  const start = status === 206 ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
  return start + bytes === size;
}

function countBy<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
