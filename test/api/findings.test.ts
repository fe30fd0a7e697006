import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Finding } from '../../src/domain/validation.ts';
import { type DeployLab, openDeployLab, TEMPLATES } from './support/deploy-lab.ts';
import { deployed } from './support/deployed.ts';

const FINDING: Finding = {
  ...{ id: 'content/privileged', severity: 'high', file: 'manifests/x.yaml', line: 3 },
  ...{ explanation: 'it may do anything', recommendation: 'take it away' },
};

let lab: DeployLab;
let digest: string;

beforeAll(async () => {
  lab = await openDeployLab(TEMPLATES);
  await deployed(lab, { name: 'plain', template: 'plain', version: '1.0.0' });
  digest = (await lab.store.installs.get('local', 'team-a', 'plain'))?.digest ?? '';
}, 120_000);
afterAll(async () => await lab?.close(), 60_000);

const install = async () => (await lab.dev.get('/api/v1/installs/local.team-a.plain')).body;
const events = (query: string) => lab.dev.get(`/api/v1/events?${query}`);

describe('what a later look found', () => {
  it('is nothing before there was one', async () => {
    expect(await install()).not.toHaveProperty('check');
    expect((await events('namespace=team-a')).body).toEqual({ events: [] });
  });

  it('is told with the install, and as an event', async () => {
    await lab.store.findings.record(digest, { ruleset: 'sha256:1', findings: [FINDING] });
    expect(await install()).toMatchObject({
      check: { ruleset: 'sha256:1', findings: [{ ...FINDING, since: expect.any(String) }] },
    });
    const { body } = await events('namespace=team-a');
    expect(body.events).toMatchObject([
      { type: 'finding.new', digest, finding: FINDING, installs: [{ id: 'local.team-a.plain', version: '1.0.0' }] },
    ]);
    expect((await events('')).body.events).toHaveLength(1);
    expect((await events('namespace=elsewhere')).body.events).toEqual([]);
  });

  it('is paged from the newest on', async () => {
    await lab.store.findings.record(digest, { ruleset: 'sha256:2', findings: [FINDING, { ...FINDING, line: 9 }] });
    const first = (await events('namespace=team-a&limit=1')).body;
    expect(first.events).toMatchObject([{ finding: { line: 9 } }]);
    const second = (await events(`namespace=team-a&limit=1&cursor=${first.nextCursor}`)).body;
    expect(second.events).toMatchObject([{ finding: { line: 3 } }]);
    expect(second).not.toHaveProperty('nextCursor');
    expect((await events(`namespace=other&limit=1&cursor=${first.nextCursor}`)).status).toBe(400);
  });

  it('says why a look was not possible', async () => {
    await lab.store.findings.recordFailure(digest, {
      ruleset: 'sha256:3',
      failure: { code: 'scan_blocked', message: 'the check x could not be made' },
    });
    expect(await install()).toMatchObject({ check: { failure: { code: 'scan_blocked' }, findings: [{}, {}] } });
  });
});

describe('the report of a template', () => {
  const report = (path: string) => lab.dev.get(`/api/v1/templates/${path}`);

  it('is not there before anybody looked', async () => {
    expect(await report('vault/report')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it.each([
    ['nothing/report', 'template_not_found'],
    ['plain/report?version=9.9.9', 'version_not_found'],
    ['plain/report?registry=none', 'registry_not_found'],
  ])('%s fails with %s', async (path, code) => {
    expect(await report(path)).toMatchObject({ status: 404, body: { code } });
  });

  it('is what the last scan of its bytes said', async () => {
    const [entry] = await lab.store.installs.list('local', 'team-a');
    const listed = (await lab.dev.get('/api/v1/templates/plain?registry=main&version=1.1.0')).body;
    if (!entry) throw new Error('nothing is installed');
    const { contentHash, manifest } = entry;
    const verdict = { contentHash, manifest, trust: { verified: true, note: 'sealed' }, files: 2, unpackedBytes: 10 };
    await lab.store.scans.save(listed.digest, 'rules/1', verdict);
    expect((await report('plain/report?version=1.1.0')).body).toMatchObject({
      ...{ name: 'plain', version: '1.1.0', registry: 'main', digest: listed.digest, from: 'scan' },
      scan: { ruleset: 'rules/1', trust: { verified: true, note: 'sealed' }, files: 2 },
    });
    const stage = { findings: [FINDING], more: 1, counts: { critical: 0, high: 1, medium: 0, low: 0, info: 0 } };
    const judgement = {
      ...{ security: stage, quality: { ...stage, findings: [] }, complexity: 'simple' as const, ruleset: 'rules/2' },
      score: { parts: {}, measured: 90 },
    };
    await lab.store.scans.save(listed.digest, 'rules/2', { ...verdict, judgement });
    await lab.store.scans.save(listed.digest, 'rules/1', verdict);
    expect((await report('plain/report')).body).toMatchObject({
      report: { status: 'needs-review', findings: [FINDING], more: 2, complexity: 'simple', ruleset: 'rules/2' },
    });
    await lab.store.findings.record(listed.digest, { ruleset: 'sha256:1', findings: [FINDING] });
    expect((await report('plain/report')).body).toMatchObject({ check: { findings: [FINDING] } });
  });

  it('names what a chart needs and does not bring along', async () => {
    const [entry] = await lab.store.installs.list('local', 'team-a');
    if (!entry) throw new Error('nothing is installed');
    const { contentHash, manifest } = entry;
    const missing = [{ name: 'cache', version: '*', repository: 'https://charts.example.org' }];
    const foreign = { format: 'Helm chart', ownIdentity: false, notes: ['a library chart'], missing };
    const verdict = { contentHash, manifest, trust: { verified: false, note: '' }, files: 2, unpackedBytes: 10, foreign };
    const { digest: listed } = (await lab.dev.get('/api/v1/templates/vault')).body;
    await lab.store.scans.save(listed, 'rules/4', verdict);
    expect((await report('vault/report')).body.scan.notes).toEqual([
      'a library chart',
      'dependency "cache" (from "https://charts.example.org") is not packed in the chart',
    ]);
  });
});
