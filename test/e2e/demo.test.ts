import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DemoReport } from '../../tools/demo/stage.ts';
import { processesNaming } from '../embedded/support/processes.ts';
import { describeCluster } from '../support/cluster.ts';
import { type DemoRun, runDemo } from '../support/demo-run.ts';

/** The demo itself takes about a minute; its programs are there before any test. */
const TIMEOUT_MS = 480_000;

describeCluster('npm run demo -- --json', () => {
  let run: DemoRun<DemoReport>;
  let report: DemoReport;

  beforeAll(async () => {
    run = await runDemo<DemoReport>([], TIMEOUT_MS);
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

  it('shows what was deployed as the cluster itself has it, all of it ready', () => {
    expect(new Set(report.resources.map(({ deployment }) => deployment))).toEqual(new Set(['shop', 'redis', 'web-app']));
    for (const { uid, status } of report.resources)
      expect({ uid, status }).toEqual({ uid: expect.stringMatching(/^[0-9a-f-]{36}$/), status: 'ready' });
  });

  it('makes nothing a second time when the worker that applies is killed', () => {
    const { plan, kill } = report.deployment;
    expect(report.kills).toBe(2);
    expect(plan).toEqual({ digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), summary: expect.any(Object) });
    expect(kill).toMatchObject({ step: 'apply', attempts: 2, madeAgain: 0 });
    expect(kill?.objectsBefore).toBeGreaterThan(0);
    expect(kill?.successor).not.toBe(kill?.worker);
  });

  it('acts with the rights of its user alone', () => {
    const { actsAs, refused, audit } = report.deployment;
    expect(refused).toMatchObject({ status: 403, code: 'forbidden' });
    expect(audit?.users).toEqual([actsAs?.user]);
    expect(audit?.changes).toBeGreaterThan(0);
  });

  it('upgrades, goes back by itself from an upgrade that does not get ready, and destroys all but the data', () => {
    const { upgrade, failedUpgrade, left } = report.deployment;
    expect(upgrade?.revision).toBe(2);
    expect(failedUpgrade).toMatchObject({ code: 'not_ready', undone: true });
    expect([...(left ?? [])].sort()).toEqual(['PersistentVolumeClaim data-redis-0', 'Secret chandlery.redis.kept']);
  });
});
