import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import type { Checkout, WorkingCopy } from '../../domain/checkout.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { checkPath } from '../archive/path-rules.ts';
import type { GitClient } from './client.ts';
import { GIT_LIMITS } from './limits.ts';
import type { Mirror } from './mirror.ts';
import { pickRef } from './refs.ts';
import type { TreeEntry } from './tree.ts';

/**
 * Working copies through a mirror that is dropped once the files are written: bytes as they were committed, links as links (written last,
 * so that no file is written through one), submodules left out. Fails with too_large, archive_invalid (names that leave the folder) and as
 * the mirror does.
 */
export function createCheckout(git: GitClient): Checkout {
  return async ({ url, ref }, signal) => {
    const registry = new URL(url).host;
    const mirror = git.mirror({ registry, url });
    try {
      const id = pickRef(await mirror.refs(signal), ref, registry);
      await mirror.fetch([id], signal);
      const tree = await mirror.tree(id, '', signal);
      return await writeCopy(mirror, tree?.entries ?? [], registry, signal);
    } finally {
      await mirror.drop();
    }
  };
}

async function writeCopy(
  mirror: Mirror,
  entries: readonly TreeEntry[],
  registry: string,
  signal?: AbortSignal,
): Promise<WorkingCopy> {
  const wanted = entries.filter(({ kind }) => kind !== 'submodule' && kind !== 'folder');
  for (const { path } of wanted) checkPath(path, DEFAULT_ARCHIVE_LIMITS);
  if (wanted.reduce((total, { size }) => total + size, 0) > GIT_LIMITS.checkoutBytes)
    throw new ChandleryError('too_large', `The repository's files take more than ${GIT_LIMITS.checkoutBytes} bytes`, {
      registry,
    });
  const contents = await mirror.files(wanted, signal);
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-copy-'));
  const release = () => rm(dir, { recursive: true, force: true });
  try {
    for (const entry of [...wanted].sort((a, b) => Number(a.kind === 'link') - Number(b.kind === 'link'))) {
      signal?.throwIfAborted();
      await writeEntry(join(dir, entry.path), entry, contents.get(entry.id) ?? Buffer.alloc(0));
    }
    return { dir, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function writeEntry(path: string, { kind }: TreeEntry, content: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (kind === 'link') await symlink(content, path);
  // `wx`: a tree that names a file twice is not written over.
  else await writeFile(path, content, { flag: 'wx', mode: kind === 'executable' ? 0o755 : 0o644 });
}
