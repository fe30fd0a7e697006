import { type Target, targetId } from './operation.ts';
import type { AuditEntry } from './store.ts';

/** The audit log as it is read: how it names things, and the port that reads it. Writing is AuditStore (store.ts). */

/** One entry as it was written; never changed afterwards. */
export interface AuditRecord extends AuditEntry {
  /** Rises from entry to entry, with gaps. */
  id: number;
  /** RFC 3339 */
  at: string;
}

/** All that are given must fit. */
export interface AuditFilter {
  actor?: string;
  action?: string;
  /** What the object begins with: `install/local/team-a/`. */
  object?: string;
  outcome?: AuditEntry['outcome'];
  code?: string;
  operation?: string;
  namespace?: string;
  /** RFC 3339, inclusive */
  from?: string;
  /** RFC 3339, exclusive */
  to?: string;
}

export interface AuditQuery {
  filter: AuditFilter;
  order: 'newest' | 'oldest';
  /** Only entries with a higher id. */
  above?: number;
  /** Only entries with this id or a lower one. */
  upTo?: number;
  /** entries */
  limit: number;
}

/** Port of the store. Fails with store_unavailable. */
export interface AuditLog {
  read(query: AuditQuery): Promise<AuditRecord[]>;
  /**
   * The id up to which the log is complete: whatever is being written at this moment gets a higher one. Who has read up to here and goes
   * on from here misses nothing.
   */
  settled(): Promise<number>;
}

export const MAX_AUDIT_PAGE = 500;
export const DEFAULT_AUDIT_PAGE = 50;
/** Entries of one export; it can be continued after the last one. A million lines are about 300 MB. */
export const MAX_AUDIT_EXPORT = 1_000_000;

/** How the log names what an entry is about; a prefix of it finds everything about one thing. */
export const auditObject = {
  registry: (name: string) => `registry/${name}`,
  template: (name: string, version?: string) => `template/${name}${version === undefined ? '' : `@${version}`}`,
  source: (namespace: string, name: string) => `source/${namespace}/${name}`,
  token: (name: string) => `token/${name}`,
  operation: (id: string) => `operation/${id}`,
  plan: (digest: string) => `plan/${digest}`,
  vulnerabilities: (name: string) => `vulnerabilities/${name}`,
  /** `install/<cluster>/<namespace>/<name>`, and the same for deployments; what a publish is about is the template. */
  target: (target: Target) => auditObject.targetId(targetId(target)),
  targetId: (id: string): string => id.replace(/^publish\/[^/]+\/[^/]+\//, 'template/'),
} as const;

/** The namespace that an object belongs to, where its name says so. */
export function namespaceOfObject(object: string): string | undefined {
  const [kind = '', first, second, name] = object.split('/');
  if (['install', 'deployment', 'plan'].includes(kind) && name !== undefined) return second;
  return kind === 'source' && second !== undefined ? first : undefined;
}
