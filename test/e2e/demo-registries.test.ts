import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RegistriesReport } from '../../tools/demo/registries/report.ts';
import { processesNaming } from '../embedded/support/processes.ts';
import { type DemoRun, runDemo } from '../support/demo-run.ts';

/** The demo itself takes some 10 s; its programs are there before any test. */
const TIMEOUT_MS = 240_000;
const KINDS = ['chandlery', 'helm', 'oci', 'git', 'helmdeck', 'ark'];

describe('npm run demo -- --registries --json', () => {
  let run: DemoRun<RegistriesReport>;
  let report: RegistriesReport;

  beforeAll(async () => {
    run = await runDemo<RegistriesReport>(['--registries'], TIMEOUT_MS);
    report = run.report;
  }, TIMEOUT_MS);
  afterAll(() => rm(run?.kept ?? '', { recursive: true, force: true }));

  it('finds everything as it tells, and leaves no process behind', async () => {
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
    expect(run.code).toBe(0);
    expect(run.kept).not.toBe('');
    expect(await processesNaming(run.kept)).toEqual([]);
  });

  it('has a registry of every kind', () => {
    expect(report.registries.map(({ kind }) => kind).sort()).toEqual([...KINDS].sort());
    expect(report.registries.every(({ templates }) => templates > 0)).toBe(true);
  });

  it('searches all six at once with one of them dead, which is told inline with the age of what it listed', () => {
    const { search, killed } = report;
    expect(killed).toMatchObject({ registry: 'samples', kind: 'chandlery', signal: 'SIGKILL' });
    expect(new Set(search?.hits.map(({ kind }) => kind))).toEqual(new Set([...KINDS, 'own']));
    expect(search).toMatchObject({ status: 200, partial: true });
    expect(search?.errors).toEqual([expect.objectContaining({ registry: 'samples', code: 'registry_unavailable' })]);
    expect(search?.stale).toContainEqual({ registry: 'samples', ageSeconds: expect.any(Number) });
    expect(report.typo?.hits).toContainEqual(expect.objectContaining({ registry: 'samples', name: 'prometheus' }));
  });

  it('installs from three of them meanwhile, and shows parameters that no schema states', () => {
    expect(report.installs.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'helm succeeded',
      'oci succeeded',
      'git succeeded',
    ]);
    expect(report.installs.every(({ digest }) => /^sha256:[0-9a-f]{64}$/.test(digest))).toBe(true);
    expect(report.shown).toMatchObject({ parametersFrom: 'inferred', parameters: expect.arrayContaining(['persistence.size']) });
  });

  it('is complete again when the dead one is back', () => {
    expect(report.back).toMatchObject({ status: 'ok', search: { status: 200, partial: false, errors: [] } });
    expect(report.back?.pid).not.toBe(report.killed?.pid);
  });
});
