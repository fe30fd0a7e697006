import type { Request, Response } from 'express';
import express from 'express';
import type { Cluster } from '../../../domain/cluster.ts';
import { ChandleryError } from '../../../domain/errors.ts';
import { isBroken, type SourceEntry } from '../../../domain/sources/config-map.ts';
import type { SourceFetcher } from '../../../domain/sources/items.ts';
import type { Source } from '../../../domain/sources/source.ts';
import { SOURCES_CONFIG_MAP } from '../../../domain/sources/source.ts';
import type { AuditStore } from '../../../domain/store.ts';
import { allowsScope } from '../../access.ts';
import { sessionOf } from '../../cluster-session.ts';
import { parseWith } from '../../problem.ts';
import { audited } from './audited.ts';
import { createItemsAggregator } from './items.ts';
import { parseBody, parseName, parseNamespace } from './parse.ts';
import { sourceProblems } from './problems.ts';
import { changedSourceSchema, itemsQuerySchema, newSourceSchema } from './schemas.ts';
import { createSource, getSource, listSources, mayEdit, removeSource, replaceSource, type SourcesOf } from './sources.ts';

/** The frozen face of namespace sources, below `/namespaces/{namespace}`. Everything is done as the requesting user, with no way around him. */

export interface ArkDeps {
  cluster: Cluster | undefined;
  fetcher: SourceFetcher;
  audit: AuditStore;
  log: { warn(fields: Record<string, unknown>, message: string): void };
}

/** A source is a name, an address and a label. */
const MAX_BODY = '64kb';
/** Broken keys that a header names; more would not fit. */
const NAMED_BROKEN = 5;

export function createArkRouter({ cluster, fetcher, audit, log }: ArkDeps) {
  const router = express.Router({ mergeParams: true });
  const items = createItemsAggregator({ fetcher, log });
  const of = (request: Request, response: Response): SourcesOf => ({
    namespace: parseNamespace(String(request.params.namespace)),
    session: sessionOf(cluster, request),
    signal: untilClosed(response),
  });
  router.use(express.json({ limit: MAX_BODY }));

  router.get('/marketplace-sources', async (request, response) => {
    const sources = of(request, response);
    const entries = await listSources(sources);
    warnOfBroken(entries, sources, response, log);
    response.json(entries.filter((entry): entry is Source => !isBroken(entry)));
  });

  // Before `{name}`: a source that is called so can be listed, changed and deleted, but not read alone.
  router.get('/marketplace-sources/permissions', async (request, response) => {
    // A token that is narrowed to reading may not, whatever its user may in the cluster.
    const may = async () => allowsScope(request, 'sources:write') && (await mayEdit(of(request, response)));
    response.json({ canEdit: await canEdit(may, request, log) });
  });

  router.post('/marketplace-sources', async (request, response) => {
    const { displayName, ...source } = parseBody(newSourceSchema, request.body);
    const created = { ...source, displayName: displayName || null };
    const sources = of(request, response);
    await audited(audit, 'create-source', sources, created.name, () => createSource(sources, created));
    response.status(201).json(created);
  });

  router
    .route('/marketplace-sources/:name')
    .get(async (request, response) => {
      response.json(await getSource(of(request, response), parseName(request.params.name)));
    })
    .patch(async (request, response) => {
      const { url, displayName } = parseBody(changedSourceSchema, request.body);
      const source = { name: parseName(request.params.name), url, displayName: displayName || null };
      const sources = of(request, response);
      await audited(audit, 'change-source', sources, source.name, () => replaceSource(sources, source));
      response.json(source);
    })
    .delete(async (request, response) => {
      const name = parseName(request.params.name);
      const sources = of(request, response);
      await audited(audit, 'remove-source', sources, name, () => removeSource(sources, name));
      response.status(204).end();
    });

  router.get('/marketplace-items', async (request, response) => {
    const startedAt = performance.now();
    const { refresh } = parseWith(itemsQuerySchema, request.query, 'query');
    const { namespace, ...reader } = of(request, response);
    // On every call and as the user: who cannot read the list gets nothing, cached or not.
    const sources = await listSources({ namespace, ...reader });
    const text = await items.collect({ namespace, sources, startedAt, refresh: refresh === 'true' });
    response.set('Cache-Control', 'no-store').type('application/json').send(text);
  });

  router.use(sourceProblems());
  return router;
}

/** Fail-closed: whatever goes wrong with the question, the answer is no. */
async function canEdit(ask: () => Promise<boolean>, request: Request, log: ArkDeps['log']): Promise<boolean> {
  try {
    return await ask();
  } catch (error) {
    log.warn(
      { err: error, namespace: oneLine(String(request.params.namespace)) },
      'whether sources may be edited cannot be told',
    );
    return false;
  }
}

/** The namespace of this failure is what somebody typed. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ').slice(0, 100);
}

/** Keys hold letters, digits, `-`, `_` and `.` only, so a header can name them. */
function warnOfBroken(entries: readonly SourceEntry[], { namespace }: SourcesOf, response: Response, log: ArkDeps['log']): void {
  const broken = entries.filter(isBroken);
  if (broken.length === 0) return;
  const named = broken.slice(0, NAMED_BROKEN).map(({ name, reason }) => `${name} ${reason}`);
  const more = broken.length > named.length ? `; and ${broken.length - named.length} more` : '';
  response.set('Warnings', `left out of ConfigMap ${SOURCES_CONFIG_MAP}: ${named.join('; ')}${more}`);
  log.warn({ namespace, sources: broken.map(({ name }) => name).slice(0, NAMED_BROKEN) }, 'sources cannot be read');
}

/** Nothing goes on for a client that has gone. */
function untilClosed(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new ChandleryError('cancelled', 'the client has gone')));
  return gone.signal;
}
