import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGit } from '../../../src/adapters/git/client.ts';
import { createGitRegistry } from '../../../src/adapters/registries/git.ts';
import type { RegistryConfig } from '../../../src/domain/registries-config.ts';
import type { ListingProblem, RegistryPlugin, TemplateSummary } from '../../../src/domain/registry.ts';

/** The git client with a cache folder of its own. Development, so that loopback may be called. */
export function openGitLab(options: { development?: boolean; packBytes?: number; searchPath?: string } = {}) {
  const cacheDir = mkdtempSync(join(tmpdir(), 'git-cache-'));
  const git = createGit({ cacheDir, development: true, allow: [], ...options });
  const open = (config: Partial<RegistryConfig> & { url: string }) =>
    createGitRegistry({ name: 'repo', kind: 'git', type: 'private', ...config }, { git });
  const close = async () => {
    await git.close();
    await rm(cacheDir, { recursive: true, force: true });
  };
  return { git, cacheDir, open, close };
}

export async function listAll(plugin: RegistryPlugin) {
  const problems: ListingProblem[] = [];
  const listing = await plugin.list({ onProblem: (problem) => problems.push(problem) });
  if (listing.unchanged) throw new Error('unchanged without a validator');
  const templates: TemplateSummary[] = [];
  for await (const batch of listing.templates) templates.push(...batch);
  return { templates, problems, validator: listing.validator };
}

export async function readArchive(plugin: RegistryPlugin, name: string, version: string) {
  const opened = await plugin.openArchive(name, version);
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.body) chunks.push(chunk);
  return { ...opened, bytes: Buffer.concat(chunks) };
}
