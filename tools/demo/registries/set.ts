import type { CatalogEvent, CatalogPage, RegistryView } from '../../../src/domain/catalog-views.ts';
import type { ApiClient } from '../../lab/api-client.ts';
import type { Stage } from '../stage.ts';
import type { Part, Parts } from './parts.ts';
import type { RegistriesReport, RegistryReport, SearchReport } from './report.ts';

/** What the chapters about registries play with. */
export interface RegistriesSet {
  client: ApiClient;
  parts: Parts;
  report: Omit<RegistriesReport, 'ok' | 'problems' | 'seconds'>;
}

/** The registries of the demo as the API tells of them. */
export async function registriesNow({ client, parts }: RegistriesSet): Promise<RegistryReport[]> {
  const { body } = await client.get('/api/v1/registries');
  return parts.all.map(({ registry, part }: Part) => {
    const view: RegistryView | undefined = body.registries.find(({ name }: RegistryView) => name === registry.name);
    const { kind = 'absent', credential = '', status = 'absent', templates = 0 } = view ?? {};
    return { name: registry.name, kind, url: registry.url, credential, status, templates, part };
  });
}

/**
 * Searches every registry, waiting for each of them (`Accept: text/event-stream`): tells who answered when, each hit with the kind of its
 * registry, and what is wrong with the merged page.
 */
export async function searched(stage: Stage, { client, report }: RegistriesSet, q: string): Promise<SearchReport> {
  const path = `/api/v1/search?q=${encodeURIComponent(q)}&limit=50`;
  const { status, body } = await client.call('GET', path, undefined, { accept: 'text/event-stream' });
  const events = eventsOf(String(body));
  tellArrivals(stage, events);
  const page = events.find((event) => event.event === 'done')?.data as CatalogPage | undefined;
  const { templates = [], partial = false, errors = [], stale = [] } = page ?? {};
  const kinds = new Map(report.registries.map(({ name, kind }) => [name, kind]));
  const hits = templates.map(({ registry, name, version }) => ({ kind: kinds.get(registry) ?? 'own', registry, name, version }));
  for (const [at, { kind, registry, name, version }] of hits.entries())
    stage.detail(`${kind.padEnd(10)} ${`${registry}/${name}@${version}`.padEnd(30)} ${templates[at]?.description ?? ''}`);
  for (const { registry, code, message } of errors) stage.detail(`inline: ${registry}: ${code}: ${message}`);
  for (const { registry, ageSeconds } of stale) stage.detail(`inline: what ${registry} lists is as of ${ageSeconds} s ago`);
  return { q, status, partial, hits, errors, stale };
}

function eventsOf(stream: string): CatalogEvent[] {
  return [...stream.matchAll(/^event: (.+)\ndata: (.+)$/gm)].map(
    ([, event, data]) => ({ event, data: JSON.parse(data ?? '') }) as CatalogEvent,
  );
}

function tellArrivals(stage: Stage, events: readonly CatalogEvent[]): void {
  const arrivals = events.flatMap(({ event, data }) => (event === 'registry' ? [data] : []));
  const words = arrivals.map(({ registry, ok, elapsedMs }) => `${registry} ${ok ? 'after' : 'failed after'} ${elapsedMs} ms`);
  if (words.length > 0) stage.detail(`asked and answered: ${words.join(', ')}`);
}
