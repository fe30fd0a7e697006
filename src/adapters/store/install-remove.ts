import type { StepContext } from '../../domain/effects.ts';
import { inUse } from '../../domain/in-use.ts';
import { jsonDigest } from '../../domain/json-digest.ts';
import type { InstallStore } from '../../domain/store.ts';
import { runningTemplate } from './deployment-rows.ts';
import { checkFence, recordEffect, recordedOutcome } from './effect-transaction.ts';
import type { InstallRow, InstallUndo, Tx } from './install-rows.ts';
import { lockInstall, lockNamespace, rowsOf } from './install-rows.ts';

type Entry = Parameters<InstallStore['remove']>[1];
type Outcome = Awaited<ReturnType<InstallStore['remove']>>;

/** Takes one install out, with the effect record; fails with in_use while another install or a deployment needs it. */
export async function removeInstall(tx: Tx, context: StepContext, entry: Entry): Promise<Outcome> {
  await checkFence(tx, context);
  const recorded = await recordedOutcome<Outcome>(tx, context);
  if (recorded) return recorded;
  await lockNamespace(tx, entry.cluster, entry.namespace);
  await lockInstall(tx, entry);
  const rows = await rowsOf(tx, entry.cluster, entry.namespace);
  const row = rows.find((candidate) => candidate.name === entry.name);
  const others = rows.filter((candidate) => candidate.name !== entry.name);
  const refusal = inUse(
    entry.name,
    dependentsAmong(others, entry.name),
    await runningTemplate(tx, entry.cluster, entry.namespace, entry.name),
  );
  if (refusal) throw refusal;
  await tx
    .deleteFrom('installs')
    .where('cluster', '=', entry.cluster)
    .where('namespace', '=', entry.namespace)
    .where('name', '=', entry.name)
    .execute();
  const outcome = { removed: row !== undefined, orphaned: orphansAfter(row, others) };
  const undo: InstallUndo = { before: row ? [{ name: row.name, row }] : [] };
  await recordEffect(tx, context, { inputDigest: entry.inputDigest, result: outcome, resultDigest: jsonDigest(outcome), undo });
  return outcome;
}

function dependentsAmong(others: InstallRow[], name: string) {
  return others.flatMap((other) => {
    const need = other.dependencies.find((dependency) => dependency.name === name);
    return need ? [{ name: other.name, version: other.version, range: need.range }] : [];
  });
}

/** Dependencies that came only along with the removed one and that nothing else needs. */
function orphansAfter(removed: InstallRow | undefined, others: InstallRow[]): string[] {
  const needed = new Set(others.flatMap((other) => other.dependencies.map(({ name }) => name)));
  const came = new Set((removed?.dependencies ?? []).map(({ name }) => name));
  return others
    .filter((other) => came.has(other.name) && !other.explicit && !needed.has(other.name))
    .map((other) => other.name)
    .sort();
}
