import { Router } from 'express';
import { bareNameRegistries } from '../domain/bare-name.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { RegistryPlugin, RegistrySet, SearchFilter, SearchPage, TemplateDetail } from '../domain/registry.ts';
import type { InstalledCache } from './installed-cache.ts';
import { parseWith } from './problem.ts';
import { catalogSearchSchema, catalogTemplateSchema } from './schemas/catalog.ts';
import { templatePathSchema } from './schemas/registry.ts';

/** A registry that has not answered by then is reported as such, milliseconds. */
const REGISTRY_DEADLINE_MS = 5_000;
const DEFAULT_LIMIT = 20;

export interface CatalogRouterDeps {
  registries: RegistrySet;
  /** This server's own templates: what it serves as a registry. */
  local: RegistryPlugin;
  installed: InstalledCache;
}

interface RegistryTrouble {
  registry: string;
  code: string;
  message: string;
}

/**
 * The catalog as people see it: every registry at once, or one by name. Mounted before the registry protocol, to which it leaves
 * everything that is asked with `scope=local`.
 */
export function createCatalogRouter({ registries, local, installed }: CatalogRouterDeps): Router {
  const router = Router();

  router.get('/search', async (request, response, next) => {
    if (request.query.scope === 'local') return next();
    const { registry, namespace, scope: _scope, ...query } = parseWith(catalogSearchSchema, request.query, 'query');
    const filter = withoutUndefined(query);
    const page =
      registry === undefined
        ? await searchAll(registries.all, filter)
        : { ...(await registries.get(registry).search(filter)), partial: false, errors: [] };
    if (namespace === undefined) return void response.json(page);
    const versions = await installed.versions(namespace);
    response.json({
      ...page,
      templates: page.templates.map((template) => ({
        ...template,
        ...(versions.has(template.name) && { installed: versions.get(template.name) }),
      })),
    });
  });

  router.get('/templates/:name', async (request, response, next) => {
    if (request.query.scope === 'local') return next();
    const { name } = parseWith(templatePathSchema, request.params, 'path');
    const { registry, version } = parseWith(catalogTemplateSchema, request.query, 'query');
    response.json(
      await find(
        registry === undefined ? bareNameRegistries({ ...registries, local }) : [registries.get(registry)],
        name,
        version,
      ),
    );
  });

  return router;
}

async function find(candidates: RegistryPlugin[], name: string, version: string | undefined): Promise<TemplateDetail> {
  let missing: unknown;
  for (const registry of candidates) {
    try {
      return await registry.getTemplate(name, version, AbortSignal.timeout(REGISTRY_DEADLINE_MS));
    } catch (error) {
      if (!(error instanceof ChandleryError && error.code === 'template_not_found')) throw error;
      missing = error;
    }
  }
  throw missing;
}

/** All registries in parallel; one that fails is reported inline and takes nothing from the others. */
async function searchAll(
  all: readonly RegistryPlugin[],
  filter: SearchFilter,
): Promise<SearchPage & { partial: boolean; errors: RegistryTrouble[] }> {
  if (filter.cursor !== undefined)
    throw new ChandleryError('invalid_request', 'a cursor belongs to one registry: name it', {
      issues: [{ path: 'query/registry', message: 'is needed with a cursor' }],
    });
  const answers = await Promise.allSettled(
    all.map((registry) => registry.search(filter, AbortSignal.timeout(REGISTRY_DEADLINE_MS))),
  );
  const pages = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const errors = answers.flatMap((answer, at) =>
    answer.status === 'rejected' ? [troubleOf(all[at]?.name ?? '', answer.reason)] : [],
  );
  return {
    templates: interleave(pages.map((page) => page.templates)).slice(0, filter.limit ?? DEFAULT_LIMIT),
    total: pages.reduce((sum, page) => sum + page.total, 0),
    partial: errors.length > 0,
    errors,
  };
}

/** Each registry's best first: ranks of different registries cannot be compared. */
function interleave<T>(lists: T[][]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, rank) => lists.flatMap((list) => list.slice(rank, rank + 1))).flat();
}

function troubleOf(registry: string, reason: unknown): RegistryTrouble {
  if (reason instanceof ChandleryError) return { registry, code: reason.code, message: reason.message };
  return { registry, code: 'registry_unavailable', message: `no answer within ${REGISTRY_DEADLINE_MS / 1_000} s` };
}

function withoutUndefined(query: Record<string, unknown>): SearchFilter {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}
