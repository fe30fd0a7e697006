import type { Response } from 'express';
import { Router } from 'express';
import type { z } from 'zod';
import type { Catalog } from '../catalog/index.ts';
import type { CatalogEvent, CatalogSearch } from '../domain/catalog-views.ts';
import type { InstalledCache } from './installed-cache.ts';
import { parseWith } from './problem.ts';
import { catalogSearchSchema, catalogTemplateSchema } from './schemas/catalog.ts';
import { templatePathSchema } from './schemas/registry.ts';

/** A comment this often keeps proxies from closing a quiet stream, milliseconds. */
const KEEP_ALIVE_MS = 15_000;

export interface CatalogRouterDeps {
  catalog: Catalog;
  installed: InstalledCache;
  /** Aborted when the server stops. */
  stopping: AbortSignal;
}

/** Adds to hits which version the namespace has installed. */
type Mark = <T extends { templates: Array<{ name: string }> }>(page: T) => T;

/**
 * The catalog as people see it: every registry at once, or some by name. Mounted before the registry protocol, to which it leaves
 * everything that is asked with `scope=local`.
 */
export function createCatalogRouter({ catalog, installed, stopping }: CatalogRouterDeps): Router {
  const router = Router();

  router.get('/search', async (request, response, next) => {
    if (request.query.scope === 'local') return next();
    const { namespace, ...query } = parseWith(catalogSearchSchema, request.query, 'query');
    const search = toSearch(query);
    const mark = await marker(installed, namespace);
    const wantsEvents = request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
    response.vary('Accept');
    if (wantsEvents) return await streamSearch(catalog, search, mark, response, stopping);
    response.json(mark(await catalog.search(search)));
  });

  router.get('/categories', async (request, response, next) => {
    if (request.query.scope === 'local') return next();
    parseWith(catalogTemplateSchema.pick({ scope: true }), request.query, 'query');
    response.json(await catalog.categories());
  });

  router.get('/templates/:name', async (request, response, next) => {
    if (request.query.scope === 'local') return next();
    const { name } = parseWith(templatePathSchema, request.params, 'path');
    const { registry, version } = parseWith(catalogTemplateSchema, request.query, 'query');
    const where = { ...(registry !== undefined && { registry }), ...(version !== undefined && { version }) };
    response.json(await catalog.template(name, where));
  });

  return router;
}

function toSearch({ categories, category, scope: _scope, ...rest }: Omit<z.infer<typeof catalogSearchSchema>, 'namespace'>) {
  const wanted = [...new Set([...(category ?? []), ...(categories ?? [])])];
  const entries = Object.entries({ ...rest, ...(wanted.length > 0 && { category: wanted }) });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as CatalogSearch;
}

async function marker(installed: InstalledCache, namespace: string | undefined): Promise<Mark> {
  if (namespace === undefined) return (page) => page;
  const versions = await installed.versions(namespace);
  return (page) => ({
    ...page,
    templates: page.templates.map((template) => ({
      ...template,
      ...(versions.has(template.name) && { installed: versions.get(template.name) }),
    })),
  });
}

async function streamSearch(
  catalog: Catalog,
  search: CatalogSearch,
  mark: Mark,
  response: Response,
  stopping: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const events = catalog.searchLive(search, AbortSignal.any([gone.signal, stopping]));
  // Read before the headers go out: a registry that does not exist is a 404, not an empty stream.
  let next = await events.next();
  response.status(200).set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  const keepAlive = setInterval(() => response.write(': still here\n\n'), KEEP_ALIVE_MS);
  try {
    for (; !next.done; next = await events.next()) response.write(toText(next.value, mark));
  } finally {
    clearInterval(keepAlive);
    response.end();
  }
}

function toText({ event, data }: CatalogEvent, mark: Mark): string {
  return `event: ${event}\ndata: ${JSON.stringify(mark(data))}\n\n`;
}
