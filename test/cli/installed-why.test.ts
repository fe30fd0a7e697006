import { afterEach, describe, expect, it } from '@jest/globals';
import { installId, LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import { FakeApi, json } from './support/fake-api.ts';
import { runCli } from './support/run-cli.ts';

const DECISION = {
  allowed: true,
  at: '2026-01-01T00:00:00.000Z',
  policies: `sha256:${'1'.repeat(64)}`,
  rules: [
    {
      ...{ rule: 'secrets/privateKey', source: 'finding', verdict: 'waived', input: { file: 'a.yaml' }, severity: 'critical' },
      ...{ why: 'holds a private key', waiver: { name: 'w', owner: 'ann', reason: 'a test key', expires: '2026-12-31' } },
    },
    { rule: 'require', source: 'registry', verdict: 'passed', input: { require: 'none' }, why: 'nothing is asked for' },
  ],
  more: 2,
};
const ID = installId({ cluster: LOCAL_CLUSTER, namespace: 'team-a', name: 'shop' });
const INSTALL = { id: ID, registry: 'main', name: 'shop', version: '1.0.0', namespace: 'team-a' };

let api: FakeApi | undefined;
afterEach(async () => await api?.stop());

async function installed(words: string[], decision?: object) {
  const body = { ...INSTALL, ...(decision && { decision }) };
  api = await new FakeApi({ [`GET /api/v1/installs/${encodeURIComponent(ID)}`]: json(body) }).start();
  return runCli(['installed', ...words], api.env);
}

describe('chandlery installed NAME --why', () => {
  it('tells each rule, its verdict and input, and who waived it until when', async () => {
    const { code, stdout } = await installed(['shop', '-n', 'team-a', '--why'], DECISION);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'main/shop@1.0.0',
      `let in on ${DECISION.at} by the policies ${DECISION.policies}`,
      'waived     secrets/privateKey (critical): holds a private key',
      '           file a.yaml',
      '           waived by ann until 2026-12-31: a test key',
      'passed     require: nothing is asked for',
      '           require none',
      'and 2 more that did not deny',
    ]);
  });

  it('says so where no decision is written down', async () => {
    const { code, stdout } = await installed(['shop', '-n', 'team-a', '--why']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('main/shop@1.0.0: nothing is written down')]);
  });

  it.each([[['--why']], [['shop', '-A', '--why']]])('refuses %s, which names no install', async (words) => {
    const { code, stderr } = await installed(words);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--why tells of one install')]);
    expect(api?.seen).toEqual([]);
  });
});
