import type { Advisory } from '../domain/vulnerabilities/advisory.ts';
import type { VulnerabilityImport, VulnerabilitySource } from '../domain/vulnerabilities/database.ts';
import type { JsonCall } from './http-deployments.ts';

/** The API's vulnerability data as the CLI uses them. Every method fails with a CliError. */

const PATH = 'api/v1/vulnerabilities';
/** 4 MiB at 100 kB/s, and a little. */
const BATCH_TIMEOUT_MS = 60_000;

export function vulnerabilityCalls(json: JsonCall) {
  return {
    vulnerabilities: () => json<{ sources: VulnerabilitySource[] }>('sources', { path: PATH }),
    beginVulnerabilities: (body: Pick<VulnerabilitySource, 'name' | 'file' | 'digest'>) =>
      json<{ import?: VulnerabilityImport; inUse?: VulnerabilitySource }>(['import', 'inUse'], {
        ...{ method: 'POST', path: `${PATH}/imports`, body },
      }),
    appendVulnerabilities: (id: string, batch: number, advisories: readonly Advisory[]) =>
      json<{ import: VulnerabilityImport }>('import', {
        ...{ method: 'PUT', path: `${PATH}/imports/${id}/batches/${batch}`, body: { advisories }, timeoutMs: BATCH_TIMEOUT_MS },
      }),
    completeVulnerabilities: (id: string, body: { batches: number; entries: number; allowSmaller: boolean }) =>
      json<VulnerabilitySource>('importedAt', { method: 'POST', path: `${PATH}/imports/${id}/complete`, body }),
  };
}
