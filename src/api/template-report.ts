import { Router } from 'express';
import { lookupBareName } from '../domain/bare-name.ts';
import { ChandleryError } from '../domain/errors.ts';
import { findRegistry } from '../domain/find-registry.ts';
import { missingNote } from '../domain/foreign/chart-dependencies.ts';
import { LOCAL_REGISTRY } from '../domain/operation.ts';
import type { RegistrySet, VersionEntry } from '../domain/registry.ts';
import { defaultVersion, versionNotFound } from '../domain/registry-versions.ts';
import type { ScanVerdict } from '../domain/scan-store.ts';
import type { Store } from '../domain/store.ts';
import { reportOfJudgement } from '../domain/validation-report.ts';
import type { StatusThresholds } from '../domain/validation-score.ts';
import { parseWith } from './problem.ts';
import { templatePathSchema } from './schemas/registry.ts';
import { templateReportQuerySchema } from './schemas/report.ts';

/** A registry that has not answered by then is reported as such, milliseconds. */
const REGISTRY_DEADLINE_MS = 5_000;

export interface TemplateReportDeps {
  registries: RegistrySet;
  store: Pick<Store, 'published' | 'scans' | 'findings'>;
  /** Of publishing. */
  thresholds?: StatusThresholds | undefined;
}

/** What is known of the trust of one version: the report it was published with, else the verdict of the last scan of its bytes. */
export function createTemplateReportRouter({ registries, store, thresholds }: TemplateReportDeps): Router {
  const router = Router();
  router.get('/:name/report', async (request, response) => {
    const { name } = parseWith(templatePathSchema, request.params, 'path');
    const { version, registry } = parseWith(templateReportQuerySchema, request.query, 'query');
    const found = await entryOf(registries, name, version, registry);
    const { digest } = found.entry;
    const what = { name, version: found.entry.version, registry: found.registry, digest };
    const told = (await publishedReport(store, what)) ?? (await scanReport(store, what, thresholds));
    const looked = (await store.findings.of([digest])).get(digest);
    const check = looked && { checkedAt: looked.check.checkedAt, ruleset: looked.check.ruleset, findings: looked.findings };
    response.json({ ...what, ...told, ...(check && { check }) });
  });
  return router;
}

interface What {
  name: string;
  version: string;
  registry: string;
  digest: string;
}

async function entryOf(registries: RegistrySet, name: string, version: string | undefined, named: string | undefined) {
  const signal = AbortSignal.timeout(REGISTRY_DEADLINE_MS);
  try {
    const { registry, versions } =
      named === undefined
        ? await lookupBareName(registries, name, version, signal)
        : await versionsOf(registries, named, name, signal);
    const entry = version === undefined ? defaultVersion(versions) : versions.find((one) => one.version === version);
    if (entry) return { registry, entry };
    throw versionNotFound(
      registry,
      name,
      version ?? 'latest',
      versions.map((one) => one.version),
    );
  } catch (error) {
    if (!signal.aborted || error instanceof ChandleryError) throw error;
    const message = `no registry answered for ${name} within ${REGISTRY_DEADLINE_MS / 1_000} s`;
    throw new ChandleryError('registry_unavailable', message, { template: name }, { cause: error });
  }
}

async function versionsOf(
  registries: RegistrySet,
  named: string,
  name: string,
  signal: AbortSignal,
): Promise<{ registry: string; versions: VersionEntry[] }> {
  const plugin = await findRegistry(registries, named);
  return { registry: plugin.name, versions: await plugin.listVersions(name, signal) };
}

async function publishedReport({ published }: TemplateReportDeps['store'], { name, version, registry, digest }: What) {
  if (registry !== LOCAL_REGISTRY) return undefined;
  const [row, report] = await Promise.all([published.find(name, version), published.report(name, version)]);
  // A folder of this server may have the same version with other bytes.
  return row && report && row.digest === digest ? { from: 'publish', at: row.publishedAt, report } : undefined;
}

async function scanReport(
  { scans }: TemplateReportDeps['store'],
  { name, version, registry, digest }: What,
  thresholds: StatusThresholds | undefined,
) {
  const found = await scans.latest(digest);
  if (!found)
    throw new ChandleryError(
      'not_found',
      `nobody has looked into ${registry}/${name}@${version} yet: it is scanned when it is installed, and reported on when it is published`,
      { template: `${name}@${version}`, registry },
    );
  const { ruleset, at, verdict } = found;
  const { judgement } = verdict;
  return {
    from: 'scan',
    at,
    ...(judgement && { report: reportOfJudgement(judgement, thresholds) }),
    scan: { ruleset, ...scanView(verdict) },
  };
}

function scanView({ contentHash, trust, files, unpackedBytes, foreign }: ScanVerdict) {
  const notes = foreign ? [...foreign.notes, ...(foreign.missing ?? []).map(missingNote)] : [];
  return { contentHash, trust, files, unpackedBytes, ...(notes.length > 0 && { notes }) };
}
