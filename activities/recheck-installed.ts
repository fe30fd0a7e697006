import { Context } from '@temporalio/activity';
import type { ErrorCode } from '../src/domain/errors.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import type { StaleArchive } from '../src/domain/install-findings.ts';
import { currentRuleset, judgeStage } from '../src/domain/judgement.ts';
import { type Finding, sortFindings } from '../src/domain/validation.ts';
import { forInstall, VALIDATION } from '../src/domain/validation-set.ts';
import type { ActivityDeps } from './deps.ts';
import { asChandleryError, toFailure } from './failures.ts';
import { readArchive } from './read-subject.ts';

const HOUR_MS = 60 * 60 * 1_000;
/** As long as a verdict of the scan is believed (DESIGN section 7, validation tier). */
const MAX_AGE_MS = 7 * 24 * HOUR_MS;
/** What could not be looked at is tried again, but not in every run: it may never work. */
const RETRY_MS = 6 * HOUR_MS;

/** How one look went. */
export interface Recheck {
  /** Findings that no look before had. */
  fresh: number;
  /** Why it could not be looked at. */
  failed?: ErrorCode;
}

/** Archives of installs that were not looked at by the rules and data of today; `limit` at most. Fails with store_unavailable. */
export function createListStaleInstalls(deps: ActivityDeps) {
  return async (limit: number): Promise<StaleArchive[]> => {
    const ruleset = await rulesetNow(deps);
    try {
      return await deps.store.findings.stale(ruleset, { maxAgeMs: MAX_AGE_MS, retryMs: RETRY_MS, limit });
    } catch (error) {
      throw toFailure(asChandleryError(error), { final: false });
    }
  };
}

/**
 * Looks at one installed archive again and writes down what it finds; what is new becomes an event. That it cannot be looked at is a result,
 * and takes nothing from what was found before. Fails with store_unavailable.
 */
export function createRecheckInstalled(deps: ActivityDeps) {
  return async (archive: StaleArchive): Promise<Recheck> => {
    const { cancellationSignal: signal } = Context.current();
    const ruleset = await rulesetNow(deps);
    try {
      // What it was let in with is no news.
      const before = (await deps.store.scans.latest(archive.digest))?.verdict.judgement?.security.findings ?? [];
      const findings = await securityFindings(deps, archive, ruleset, signal);
      const fresh = sortFindings(await deps.store.findings.record(archive.digest, { ruleset, findings, before }));
      const [worst] = fresh;
      if (worst)
        deps.log.warn(
          { ...archive, findings: fresh.length, severity: worst.severity, finding: worst.id },
          'something new was found in what is installed',
        );
      return { fresh: fresh.length };
    } catch (error) {
      signal.throwIfAborted();
      return await writeFailure(deps, archive, ruleset, error);
    }
  };
}

/** Where not even the state of the data can be told, there is nothing to write down. */
async function rulesetNow(deps: ActivityDeps): Promise<string> {
  try {
    return await currentRuleset(forInstall(deps.validation ?? VALIDATION), Context.current().cancellationSignal);
  } catch (error) {
    throw toFailure(asChandleryError(error), { final: false });
  }
}

/** By the same rules nothing else would be found: then the verdict of a scan is as good as a look. */
async function securityFindings(
  deps: ActivityDeps,
  { digest, template }: StaleArchive,
  ruleset: string,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const known = await deps.store.scans.find(digest, ruleset);
  if (known?.judgement) return known.judgement.security.findings;
  if (!(await deps.store.blobs.has(digest)))
    throw new ChandleryError('not_found', `the archive of ${template} is not in the store`, { template });
  const { subject } = await readArchive(deps, digest, template, signal);
  // What could harm, and nothing else: what is missing for others to use it well does not get worse by itself.
  return (await judgeStage(forInstall(deps.validation ?? VALIDATION), 'security', subject, signal)).findings;
}

async function writeFailure(deps: ActivityDeps, archive: StaleArchive, ruleset: string, error: unknown): Promise<Recheck> {
  const { code, message, retryable } = asChandleryError(error);
  try {
    // Tried again by the engine: the store is away, and nothing could be written anyway.
    if (retryable) throw error;
    deps.log.warn({ ...archive, err: error }, 'what is installed could not be looked at again');
    // What nobody foresaw may say anything: it stays in the log.
    const words = code === 'internal' ? 'something failed in a way nobody foresaw; the log of the worker says what' : message;
    await deps.store.findings.recordFailure(archive.digest, { ruleset, failure: { code, message: words } });
    return { fresh: 0, failed: code };
  } catch (failure) {
    throw toFailure(asChandleryError(failure), { final: false });
  }
}
