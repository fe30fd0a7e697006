import type { AuditFilter, AuditRecord } from '../domain/audit.ts';
import type { Finding } from '../domain/validation.ts';
import type { ValidationReport } from '../domain/validation-report.ts';
import type { JsonCall } from './http-deployments.ts';
import type { Call } from './transport.ts';

/** The API's audit log and reports as the CLI uses them. Every method fails with a CliError. */

export interface AuditPage {
  entries: AuditRecord[];
  nextCursor?: string;
  followCursor?: string;
}

export interface AuditPageQuery extends AuditFilter {
  order?: 'newest' | 'oldest';
  cursor?: string;
  limit?: number;
}

export interface InstallEvents {
  events: Array<{
    id: number;
    at: string;
    digest: string;
    finding: Finding;
    goneAt?: string;
    installs: Array<{ id: string; namespace: string; name: string; version: string }>;
  }>;
  nextCursor?: string;
}

export interface TemplateReport {
  name: string;
  version: string;
  registry: string;
  digest: string;
  from: 'publish' | 'scan';
  at: string;
  report?: ValidationReport;
  scan?: { ruleset: string; contentHash: string; trust: { verified: boolean; note: string }; files: number; notes?: string[] };
  check?: InstallCheck;
}

/** The last look at the archive of something that is installed. */
export interface InstallCheck {
  checkedAt: string;
  ruleset: string;
  failure?: { code: string; message: string };
  findings: Array<Finding & { since: string }>;
}

/** The API's own pages, so that every filter of the two is spelled the same. */
const queryOf = (query: object) => query as NonNullable<Call['query']>;

export function auditCalls(json: JsonCall, open: (call: Call) => Promise<Response>) {
  return {
    audit: (query: AuditPageQuery, signal?: AbortSignal) =>
      json<AuditPage>('entries', { path: 'api/v1/audit', query: queryOf(query), ...(signal && { signal }) }),
    /** The body is JSON lines, and is not read yet. */
    auditExport: (query: AuditFilter & { limit?: number }) =>
      open({ path: 'api/v1/audit/export', query: queryOf(query), headers: { accept: 'application/x-ndjson' } }),
    installEvents: (query: { namespace?: string; limit?: number }) =>
      json<InstallEvents>('events', { path: 'api/v1/events', query: queryOf(query) }),
    report: (name: string, query: { version?: string; registry?: string }) =>
      json<TemplateReport>('digest', { path: `api/v1/templates/${encodeURIComponent(name)}/report`, query }),
  };
}
