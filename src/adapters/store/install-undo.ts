import type { StepContext } from '../../domain/effects.ts';
import { fits } from '../../domain/versions.ts';
import { runningTemplate } from './deployment-rows.ts';
import { effectOf, markStepUndone, raiseFence } from './effect-transaction.ts';
import type { InstallRow, InstallUndo, Tx } from './install-rows.ts';
import { lockInstall, lockNamespace, rowsOf } from './install-rows.ts';
import { uncountInstall } from './published-downloads.ts';

/** Puts the rows back as they were before the step, except where somebody else has built on them since. */
export async function undoEffect(tx: Tx, context: StepContext): Promise<{ undone: boolean; warnings: string[] }> {
  await raiseFence(tx, context);
  const effect = await effectOf(tx, context);
  if (!effect || effect.undone_at) return { undone: effect !== undefined, warnings: [] };
  const { before, counted = [] } = effect.undo as InstallUndo;
  const [, cluster = '', namespace = ''] = context.target.split('/');
  await lockNamespace(tx, cluster, namespace);
  const warnings: string[] = [];
  for (const { name, row } of before.toReversed()) {
    const warning = await putBack(tx, context, { cluster, namespace, name }, row);
    if (warning) warnings.push(warning);
  }
  await uncountInstall(tx, counted);
  await markStepUndone(tx, context);
  return { undone: true, warnings };
}

async function putBack(
  tx: Tx,
  context: StepContext,
  at: { cluster: string; namespace: string; name: string },
  row: InstallRow | null,
): Promise<string | undefined> {
  const rows = await rowsOf(tx, at.cluster, at.namespace);
  const now = rows.find((candidate) => candidate.name === at.name);
  if (now && now.operation !== context.operation) return `${at.name} was left as it is: ${now.operation} has changed it since`;
  if (row === null) {
    await lockInstall(tx, at);
    const needing = rows.filter((other) => other.dependencies.some(({ name }) => name === at.name)).map((other) => other.name);
    const running = await runningTemplate(tx, at.cluster, at.namespace, at.name);
    needing.push(...running.map((deployment) => `deployment ${deployment.name}`));
    if (needing.length > 0) return `${at.name} was left installed: ${needing.join(', ')} needs it`;
    await tx
      .deleteFrom('installs')
      .where('cluster', '=', at.cluster)
      .where('namespace', '=', at.namespace)
      .where('name', '=', at.name)
      .execute();
    return undefined;
  }
  const unfit = rows.filter((other) =>
    other.dependencies.some(({ name, range }) => name === at.name && !fits(row.version, range)),
  );
  if (now && unfit.length > 0)
    return `${at.name} was left at ${now.version}: ${unfit.map((other) => other.name).join(', ')} needs it`;
  const values = {
    ...row,
    manifest: JSON.stringify(row.manifest),
    dependencies: JSON.stringify(row.dependencies),
    trust: JSON.stringify(row.trust),
    // A row that was kept before there were decisions has none.
    decision: row.decision ? JSON.stringify(row.decision) : null,
  };
  await tx
    .insertInto('installs')
    .values(values)
    .onConflict((conflict) => conflict.columns(['cluster', 'namespace', 'name']).doUpdateSet(values))
    .execute();
  return undefined;
}
