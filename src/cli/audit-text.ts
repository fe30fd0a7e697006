import type { AuditRecord } from '../domain/audit.ts';
import { oneLine } from './text.ts';

/** Entries of the audit log as a person and as a program reads them, one at a time or together. */

export const AUDIT_FORMATS = ['table', 'json', 'yaml', 'jsonl', 'name'] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

const HEADS = ['TIME', 'ACTOR', 'ACTION', 'OUTCOME', 'OBJECT', 'WHY'];
/** Of a log that is followed: the widths of a table are not known before its last line. */
const GAP = '  ';

/** All of them. Nothing for an empty table or list of names. */
export async function auditText(entries: readonly AuditRecord[], format: Exclude<AuditFormat, 'json' | 'yaml'>): Promise<string> {
  if (format === 'jsonl') return entries.map((entry) => JSON.stringify(entry)).join('\n');
  if (format === 'name') return entries.map(({ id }) => String(id)).join('\n');
  const { renderTable } = await import('./table.ts');
  return renderTable(HEADS, entries.map(columns), { width: process.stdout.columns });
}

/** One more of a log that is followed: a line, or a YAML document. */
export async function entryText(entry: AuditRecord, format: AuditFormat): Promise<string> {
  if (format === 'json' || format === 'jsonl') return JSON.stringify(entry);
  if (format === 'yaml') return `---\n${(await import('yaml')).stringify(entry, { lineWidth: 0 }).trimEnd()}`;
  return format === 'name' ? String(entry.id) : columns(entry).filter(Boolean).map(oneLine).join(GAP);
}

function columns({ at, actor, action, outcome, object, code }: AuditRecord): string[] {
  return [at, actor, action, outcome, object, code ?? ''];
}
