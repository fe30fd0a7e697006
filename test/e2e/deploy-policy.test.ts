import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createStore } from '../../src/adapters/store/index.ts';
import type { Finding } from '../../src/domain/validation.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { NOTES } from '../support/deploy-templates.ts';

const FORBIDDEN = `apiVersion: chandlery.dev/v1
kind: RegistryPolicy
metadata: { name: nothing-of-ours }
spec: { registries: [local], allow: false }
`;
const FINDING: Finding = {
  id: 'vulnerabilities/CVE-2026-1',
  severity: 'critical',
  file: 'sbom.json',
  explanation: 'is new',
  recommendation: 'update',
};

describeCluster('a deployment of something that policy let in once', () => {
  let lab: DeployLab;
  beforeAll(async () => {
    lab = await openDeployLab({ templates: NOTES });
  }, CLUSTER_TIMEOUT_MS);
  afterAll(() => lab?.close(), 60_000);

  it('tells what was found in it since, and is refused once nothing may be taken from its registry; going back stays possible', async () => {
    const worker = await lab.startWorker();
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters: { token: 'a-token-of-the-test' } }));

    const [install] = (await lab.api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs;
    const store = createStore({ url: lab.lab.engine.databaseUrl, onIdleError: () => undefined });
    try {
      await store.findings.record(install.digest, { ruleset: 'test', findings: [FINDING] });
    } finally {
      await store.close();
    }
    const upgraded = await lab.succeeded(lab.upgrade(namespace, 'notes', { parameters: { replicas: 2 } }));
    const told = `notes 1.0.0 has a finding since it was looked at again, the worst critical: ${FINDING.id} in sbom.json`;
    expect(upgraded.warnings).toContainEqual(expect.stringContaining(told));

    await worker.stop();
    const policies = join(lab.lab.dir, 'policies');
    await mkdir(policies);
    await writeFile(join(policies, 'registry.yaml'), FORBIDDEN);
    await lab.startWorker({ env: { CHANDLERY_POLICIES: policies } });
    const refused = await lab.ended(lab.upgrade(namespace, 'notes', { parameters: { replicas: 3 } }));
    expect(refused).toMatchObject({ state: 'failed', step: 'resolve', failure: { code: 'policy_denied' } });
    await lab.succeeded(lab.rollback(namespace, 'notes'));
  }, 180_000);
});
