import { Router } from 'express';
import type { z } from 'zod';
import type { RegistryPlugin, SearchFilter } from '../domain/registry.ts';
import { versionNotFound } from '../domain/registry-versions.ts';
import { MAX_PAGE_SIZE } from '../domain/search-page.ts';
import { parseWith } from './problem.ts';
import { type OnArchiveRead, type OnArchiveSent, sendArchive } from './registry-archive.ts';
import { sendCatalog } from './registry-catalog.ts';
import {
  archiveQuerySchema,
  noQuerySchema,
  searchQuerySchema,
  templatePathSchema,
  versionQuerySchema,
} from './schemas/registry.ts';

export type { ArchiveRead, OnArchiveRead } from './registry-archive.ts';

export interface RegistryProtocolOptions {
  /** What this server itself publishes. */
  source: RegistryPlugin;
  /** Told before each archive is sent; when it fails, nothing is sent. */
  onArchiveRead?: OnArchiveRead;
  /** Told after an archive was sent to its end. */
  onArchiveSent?: OnArchiveSent;
}

/** Categories are counted over at most this many templates; a registry that has more answers from its own index. */
const MAX_COUNTED = 20_000;

/** The read side of the registry protocol, to be mounted under `/api/v1`. Errors are thrown; problemMiddleware renders them. */
export function createRegistryProtocolRouter({ source, onArchiveRead, onArchiveSent }: RegistryProtocolOptions): Router {
  const router = Router();
  router.get('/search', async (request, response) => {
    response.json(await source.search(toFilter(parseWith(searchQuerySchema, request.query, 'query'))));
  });
  router.get('/catalog', async (request, response) => {
    parseWith(noQuerySchema, request.query, 'query');
    await sendCatalog(source, request, response);
  });
  router.get('/categories', async (request, response) => {
    parseWith(noQuerySchema, request.query, 'query');
    response.json({ categories: await countCategories(source) });
  });
  router.get('/templates/:name', async (request, response) => {
    const { name } = parseWith(templatePathSchema, request.params, 'path');
    const { version } = parseWith(versionQuerySchema, request.query, 'query');
    response.json(await source.getTemplate(name, version));
  });
  router.get('/templates/:name/versions', async (request, response) => {
    const { name } = parseWith(templatePathSchema, request.params, 'path');
    parseWith(noQuerySchema, request.query, 'query');
    response.json({ versions: await source.listVersions(name) });
  });
  router.get('/templates/:name/archive', async (request, response) => {
    const { name } = parseWith(templatePathSchema, request.params, 'path');
    const { version } = parseWith(archiveQuerySchema, request.query, 'query');
    const versions = await source.listVersions(name);
    const entry = versions.find((candidate) => candidate.version === version);
    if (!entry)
      throw versionNotFound(
        source.name,
        name,
        version,
        versions.map((candidate) => candidate.version),
      );
    await sendArchive(source, name, entry, { request, response, onArchiveRead, onArchiveSent });
  });
  return router;
}

function toFilter(query: z.infer<typeof searchQuerySchema>): SearchFilter {
  const { categories, category, pageSize, limit = pageSize, scope: _scope, ...rest } = query;
  const wanted = [...new Set([...(category ?? []), ...(categories ?? [])])];
  const entries = Object.entries({ ...rest, limit, ...(wanted.length > 0 ? { category: wanted } : {}) });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

async function countCategories(source: RegistryPlugin): Promise<Array<{ name: string; count: number }>> {
  const counts = new Map<string, number>();
  let cursor: string | undefined;
  for (let seen = 0; seen < MAX_COUNTED; seen += MAX_PAGE_SIZE) {
    const page = await source.search({ limit: MAX_PAGE_SIZE, sort: 'name', ...(cursor === undefined ? {} : { cursor }) });
    for (const { category } of page.templates) if (category !== undefined) counts.set(category, (counts.get(category) ?? 0) + 1);
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => (a.name < b.name ? -1 : 1));
}
