import pg from 'pg';
import { STEPS } from '../../src/domain/operation.ts';
import type { Finding, Outcome } from './findings.ts';
import { gaveUp, operationRoot } from './findings.ts';

/** What an install left in the store, per operation. */
interface Traces {
  effects: Array<{ step: string; count: number }>;
  /** `rewritten`: written again after the transaction that recorded the step. */
  installs: Array<{ name: string; version: string; operation: string; rewritten: boolean }>;
  /** Operations that the audit names for this target, one entry each. */
  audited: string[];
}

/** Counts at the store: one record a step, the planned rows and no other, one audit entry, nothing half-made. */
export async function inspectStore(databaseUrl: string, outcomes: readonly Outcome[]): Promise<Finding[]> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const findings: Finding[] = [];
    for (const outcome of outcomes) findings.push(...judgeTraces(outcome, await readTraces(db, outcome)));
    return [...findings, ...(await inspectBlobs(db)), ...(await inspectLeftovers(db))];
  } finally {
    await db.end();
  }
}

async function readTraces(db: pg.Client, { id, install }: Outcome): Promise<Traces> {
  const root = operationRoot(id);
  const effects = await db.query('select step, count(*)::int as count from effects where root = $1 group by step', [root]);
  const installs = await db.query(
    `select i.name, i.version, i.operation, coalesce(i.installed_at > e.created_at, false) as rewritten
     from installs i left join effects e on e.root = $2 and e.step = 'install' where i.namespace = $1`,
    [install.namespace, root],
  );
  const audit = await db.query("select operation from audit where object = $1 and action = 'install'", [
    `install/local/${install.namespace}/${install.name}`,
  ]);
  return { effects: effects.rows, installs: installs.rows, audited: audit.rows.map((row) => row.operation) };
}

function judgeTraces(outcome: Outcome, traces: Traces): Finding[] {
  const succeeded = outcome.operation?.state === 'succeeded';
  // Of an operation that has not succeeded nothing may be left; that it has not is a finding already.
  const findings = succeeded
    ? [...judgeEffects(outcome, traces), ...judgeInstalls(outcome, traces), ...judgeAudit(outcome, traces)]
    : traces.installs.map(({ name }) => orphaned(`${name} is installed, its operation has not succeeded`));
  const { namespace, name } = outcome.install;
  return findings.map(({ kind, text }) => ({ kind, text: `${namespace}/${name}: ${text}` }));
}

function judgeEffects(outcome: Outcome, { effects }: Traces): Finding[] {
  const counted = new Map(effects.map(({ step, count }) => [step, count]));
  return STEPS.install.flatMap((step) => {
    const count = counted.get(step) ?? 0;
    if (count === 0 && gaveUp(outcome, step)) return [];
    if (count === 0) return [lost(`step ${step} left no record; ${describeStep(outcome, step)}`)];
    return count > 1 ? [doubled(`step ${step} was recorded ${count} times`)] : [];
  });
}

/** What the operation itself says of the step. */
function describeStep({ operation }: Outcome, name: string): string {
  const step = operation?.steps.find((candidate) => candidate.name === name);
  return `the operation says ${step?.state} after ${step?.attempt} attempts${step?.failure ? `: ${step.failure.code}` : ''}`;
}

function judgeInstalls({ id, install }: Outcome, { installs }: Traces): Finding[] {
  const there = new Map(installs.map((row) => [row.name, row]));
  const missing = Object.keys(install.expected).filter((name) => !there.has(name));
  return [
    ...missing.map((name) => lost(`${name} is not installed`)),
    ...installs.flatMap(({ name, version, operation, rewritten }) => {
      const expected = install.expected[name];
      if (version !== expected) return [doubled(`${name} ${version} is installed, planned was ${expected ?? 'none'}`)];
      if (operation !== id) return [doubled(`${name} was installed by ${operation}`)];
      return rewritten ? [doubled(`${name} was written again after its step was recorded`)] : [];
    }),
  ];
}

function judgeAudit({ id }: Outcome, { audited }: Traces): Finding[] {
  if (!audited.includes(id)) return [lost('the audit has no entry')];
  return audited.length > 1 ? [doubled(`the audit has ${audited.length} entries: ${audited.join(', ')}`)] : [];
}

/** Every blob is whole and needed by an install, and every install has its blob. */
async function inspectBlobs(db: pg.Client): Promise<Finding[]> {
  const partial = await db.query(`
    select b.digest, b.size::int, coalesce(sum(length(c.data)), 0)::int as stored
    from blobs b left join blob_chunks c using (content) group by b.digest, b.size, b.content
    having b.size <> coalesce(sum(length(c.data)), 0)`);
  const twice = await db.query('select content from blobs group by content having count(*) > 1');
  const missing = await db.query(
    'select distinct i.name, i.digest from installs i left join blobs b using (digest) where b.digest is null',
  );
  const unneeded = await db.query(
    'select b.digest from blobs b where not exists (select from installs i where i.digest = b.digest)',
  );
  return [
    ...partial.rows.map(({ digest, size, stored }) => lost(`blob ${digest} has ${stored} of ${size} bytes`)),
    ...missing.rows.map(({ name, digest }) => lost(`blob ${digest} of ${name} is missing`)),
    ...twice.rows.map(({ content }) => doubled(`content ${content} belongs to several blobs`)),
    ...unneeded.rows.map(({ digest }) => orphaned(`blob ${digest} belongs to no install`)),
  ];
}

/** Transfers that nobody will finish, and their bytes. */
async function inspectLeftovers(db: pg.Client): Promise<Finding[]> {
  const uploads = await db.query('select key from uploads');
  const chunks = await db.query(`
    select content, count(*)::int as count from blob_chunks c
    where not exists (select from blobs b where b.content = c.content) and not exists (select from uploads u where u.content = c.content)
    group by content`);
  return [
    ...uploads.rows.map(({ key }) => orphaned(`upload ${key} was left open`)),
    ...chunks.rows.map(({ content, count }) => orphaned(`${count} chunks of content ${content} belong to nothing`)),
  ];
}

const lost = (text: string): Finding => ({ kind: 'lost', text });
const doubled = (text: string): Finding => ({ kind: 'doubled', text });
const orphaned = (text: string): Finding => ({ kind: 'orphaned', text });
