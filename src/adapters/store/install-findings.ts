import { sql } from 'kysely';
import type { ArchiveCheck, ArchiveFindings, FindingEvent, InstallFindingStore } from '../../domain/install-findings.ts';
import { MAX_KEPT_FINDINGS } from '../../domain/install-findings.ts';
import { type Finding, type Severity, sortFindings } from '../../domain/validation.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';

/** Part of migration 011. A finding that comes back is a new row: its event is a new one. */
export const FINDINGS_MIGRATION = `
    create table install_checks (
      digest text primary key, ruleset text not null, checked_at timestamptz not null default now(), failure json
    );
    create table install_findings (
      id bigserial primary key, at timestamptz not null default now(), digest text not null, ruleset text not null,
      finding text not null, severity text not null, file text not null, line integer,
      explanation text not null, recommendation text not null, at_install boolean not null, gone_at timestamptz
    );
    create index install_findings_digest on install_findings (digest);
`;

export function createInstallFindingStore(db: Database): InstallFindingStore {
  return {
    stale: (ruleset, options) => guarded(() => readStale(db, ruleset, options)),
    record: (digest, { ruleset, findings, before = [] }) =>
      guarded(() =>
        db.transaction().execute(async (tx) => {
          // The row of the check is locked from here on: one look at a time.
          const isFirst = await writeCheck(tx, digest, ruleset, undefined);
          const found = sortFindings(findings).slice(0, MAX_KEPT_FINDINGS);
          return replaceFindings(tx, digest, { ruleset, found, before: isFirst ? before : [] });
        }),
      ),
    recordFailure: (digest, { ruleset, failure }) =>
      guarded(async () => {
        await writeCheck(db, digest, ruleset, failure);
      }),
    of: (digests) => guarded(() => readFindings(db, digests)),
    events: (query) => guarded(() => readEvents(db, query)),
  };
}

async function readStale(
  db: Database,
  ruleset: string,
  { maxAgeMs, retryMs, limit }: Parameters<InstallFindingStore['stale']>[1],
) {
  const { rows } = await sql<{ digest: string; template: string }>`
    select i.digest, min(i.name || '@' || i.version) as template
    from installs i left join install_checks c on c.digest = i.digest
    where c.digest is null or c.ruleset <> ${ruleset}
      or c.checked_at < now() - make_interval(secs => (case when c.failure is null then ${maxAgeMs} else ${retryMs} end)::double precision / 1000)
    group by i.digest, c.checked_at order by c.checked_at nulls first, i.digest limit ${limit}`.execute(db);
  return rows;
}

/** Answers whether it is the first one. */
async function writeCheck(db: Database, digest: string, ruleset: string, failure: ArchiveCheck['failure']): Promise<boolean> {
  const words = failure === undefined ? null : JSON.stringify(failure);
  const { rows } = await sql<{ made: boolean }>`
    insert into install_checks (digest, ruleset, failure) values (${digest}, ${ruleset}, ${words}::json)
    on conflict (digest) do update set ruleset = excluded.ruleset, checked_at = now(), failure = excluded.failure
    returning xmax = 0 as made`.execute(db);
  return rows[0]?.made ?? false;
}

interface Row {
  id: string;
  at: Date;
  digest: string;
  ruleset: string;
  finding: string;
  severity: Severity;
  file: string;
  line: number | null;
  explanation: string;
  recommendation: string;
  gone_at: Date | null;
}

interface Look {
  ruleset: string;
  found: readonly Finding[];
  before: readonly Finding[];
}

async function replaceFindings(tx: Database, digest: string, { ruleset, found, before }: Look): Promise<Finding[]> {
  const { rows } = await sql<Row>`select * from install_findings where digest = ${digest} and gone_at is null`.execute(tx);
  const wanted = new Map(found.map((finding) => [placeOf(finding), finding]));
  const known = new Map(rows.map((row) => [placeOf(toFinding(row)), row.id]));
  const gone = [...known].filter(([place]) => !wanted.has(place)).map(([, id]) => id);
  if (gone.length > 0) await sql`update install_findings set gone_at = now() where id = any(${gone}::bigint[])`.execute(tx);
  const fresh = [...wanted].filter(([place]) => !known.has(place)).map(([, finding]) => finding);
  const old = new Set(before.map(placeOf));
  const rowsOf = fresh.map((finding) => ({ ...toColumns(finding), at_install: old.has(placeOf(finding)) }));
  if (fresh.length > 0)
    await sql`
      insert into install_findings (digest, ruleset, finding, severity, file, line, explanation, recommendation, at_install)
      select ${digest}, ${ruleset}, n.finding, n.severity, n.file, n.line, n.explanation, n.recommendation, n.at_install
      from json_to_recordset(${JSON.stringify(rowsOf)}::json)
        as n(finding text, severity text, file text, line integer, explanation text, recommendation text, at_install boolean)`.execute(
      tx,
    );
  return fresh.filter((finding) => !old.has(placeOf(finding)));
}

/** The same thing at the same place; severity and words may change with the rules without making it another one. */
function placeOf({ id, file, line = 0 }: Finding): string {
  return JSON.stringify([storable(id), storable(file), line]);
}

function toColumns({ id, severity, file, line, explanation, recommendation }: Finding) {
  return {
    ...{ finding: storable(id), severity, line: line ?? null },
    ...{ file: storable(file), explanation: storable(explanation), recommendation: storable(recommendation) },
  };
}

/** PostgreSQL's text can hold neither NUL nor half a surrogate pair, and an archive can hold both. */
function storable(text: string): string {
  return text.replaceAll(/\0|\p{Surrogate}/gu, '\u{fffd}');
}

function toFinding({ finding, severity, file, line, explanation, recommendation }: Row): Finding {
  return { id: finding, severity, file, ...(line !== null && { line }), explanation, recommendation };
}

async function readFindings(db: Database, digests: readonly string[]): Promise<ReadonlyMap<string, ArchiveFindings>> {
  const { rows: checks } = await sql<{
    digest: string;
    ruleset: string;
    checked_at: Date;
    failure: ArchiveCheck['failure'] | null;
  }>`
    select * from install_checks where digest = any(${[...digests]})`.execute(db);
  const { rows } = await sql<Row>`
    select * from install_findings where digest = any(${[...digests]}) and gone_at is null`.execute(db);
  return new Map(
    checks.map(({ digest, ruleset, checked_at, failure }) => {
      const own = rows.filter((row) => row.digest === digest);
      const since = new Map(own.map((row) => [placeOf(toFinding(row)), row.at.toISOString()]));
      const findings = sortFindings(own.map(toFinding)).map((finding) => ({
        ...finding,
        since: since.get(placeOf(finding)) ?? checked_at.toISOString(),
      }));
      const check = { ruleset, checkedAt: checked_at.toISOString(), ...(failure && { failure }) };
      return [digest, { check, findings }];
    }),
  );
}

async function readEvents(db: Database, { namespace, below, limit }: Parameters<InstallFindingStore['events']>[0]) {
  const inNamespace = namespace === undefined ? sql`true` : sql`i.namespace = ${namespace}`;
  const older = below === undefined ? sql`true` : sql`f.id < ${below}`;
  const { rows } = await sql<Row & { installs: FindingEvent['installs'] }>`
    select f.*, (
      select json_agg(json_build_object('cluster', i.cluster, 'namespace', i.namespace, 'name', i.name, 'version', i.version)
        order by i.cluster, i.namespace, i.name)
      from installs i where i.digest = f.digest and ${inNamespace}
    ) as installs
    from install_findings f
    where not f.at_install and ${older} and exists (select from installs i where i.digest = f.digest and ${inNamespace})
    order by f.id desc limit ${limit}`.execute(db);
  return rows.map(
    (row): FindingEvent => ({
      ...{ id: Number(row.id), at: row.at.toISOString(), type: 'finding.new' as const, digest: row.digest },
      ...{ ruleset: row.ruleset, finding: toFinding(row), installs: row.installs },
      ...(row.gone_at && { goneAt: row.gone_at.toISOString() }),
    }),
  );
}
