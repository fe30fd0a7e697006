import type { OperationSummary } from './http.ts';
import { elapsed } from './steps-text.ts';
import { note } from './terminal.ts';
import { age } from './text.ts';

/** Operations as a table, the newest first; says so on stderr when there is none. */
export async function operationsTable(operations: readonly OperationSummary[]): Promise<string> {
  const { renderTable } = await import('./table.ts');
  if (operations.length === 0) note('no operation found');
  const now = Date.now();
  const rows = operations.map((operation) => [
    operation.id,
    operation.kind,
    operation.state,
    age(operation.createdAt, now),
    elapsed(operation.createdAt, operation.endedAt, now),
    operation.requester,
  ]);
  return renderTable(['ID', 'KIND', 'STATE', 'AGE', 'TOOK', 'REQUESTER'], rows);
}
