import type pg from 'pg';
import type { TemplateCount, TemplateMetricsStore } from '../../domain/template-metrics.ts';
import { guarded } from './database.ts';

/**
 * In the order of the key, so that two servers that write at the same time wait for each other instead of dying of it. A name counts
 * where some listing has it.
 */
const ADD = {
  name: 'template-metrics-add',
  text: `insert into template_metrics (name, registry, metric, value, count)
    select name, registry, metric, value, count
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) as given (name, registry, metric, value, count)
    where exists (
      select from catalog_listings listing join catalog_entries entry on entry.listing = listing.id and entry.name = given.name
    )
    order by name collate "C", registry collate "C", metric collate "C", value collate "C"
    on conflict (name, registry, metric, value) do update
    set count = template_metrics.count + excluded.count, changed_at = now()`,
};
const OF = {
  name: 'template-metrics-of',
  text: `select name, registry, metric, value, count from template_metrics
    where name = $1 and ($2::text is null or registry = $2) order by registry, metric, value`,
};

export function createTemplateMetricsStore(pool: pg.Pool): TemplateMetricsStore {
  return {
    add: (counts) =>
      guarded(async () => {
        if (counts.length === 0) return;
        const column = <Key extends keyof TemplateCount>(key: Key) => counts.map((count) => count[key]);
        const values = [column('name'), column('registry'), column('metric'), column('value'), column('count')];
        await pool.query({ ...ADD, values });
      }),
    of: (name, registry) =>
      guarded(async () => {
        const { rows } = await pool.query<Omit<TemplateCount, 'count'> & { count: string }>({
          ...OF,
          values: [name, registry ?? null],
        });
        return rows.map((row) => ({ ...row, count: Number(row.count) }));
      }),
  };
}
