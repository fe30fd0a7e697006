import { beforeEach, describe, expect, it } from '@jest/globals';
import { ensureValues, plannedValues } from '../../../activities/cluster/values.ts';
import { DEPLOYMENT_ID_ANNOTATION, MANAGED_BY, MANAGED_BY_LABEL } from '../../../src/domain/cluster.ts';
import type { SecretParameter } from '../../../src/domain/rendered.ts';
import { FakeCluster } from '../../api/support/fake-cluster.ts';

const KEY = { cluster: 'local', namespace: 'shop', name: 'db' };
const OURS = { labels: { [MANAGED_BY_LABEL]: MANAGED_BY }, annotations: { [DEPLOYMENT_ID_ANNOTATION]: 'local.shop.db' } };
const PASSWORD: SecretParameter = { name: 'password', keys: ['password'], generated: 'password', present: true };
const TOKEN: SecretParameter = { name: 'token', keys: ['token'], defaults: { token: 'as the template has it' }, present: true };
const KEPT = 'chandlery.db.v1';

let cluster: FakeCluster;
beforeEach(() => {
  cluster = new FakeCluster();
});

const { signal } = new AbortController();
const session = () => cluster.as({ user: 'ann', groups: [] });
const base64 = (text: string) => Buffer.from(text).toString('base64');

function secret(name: string, values: Record<string, string>, marks: object = OURS): void {
  const data = Object.fromEntries(Object.entries(values).map(([member, value]) => [member, base64(value)]));
  cluster.add({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'shop', ...marks }, data });
}

/** Of the second revision, which follows the first. */
function ensured(secrets: SecretParameter[], inputs?: { name: string; parameters: string[] }) {
  const maker = { make: async () => ({ password: 'made-up' }) };
  return ensureValues(session(), maker, KEY, 2, { secrets, kept: KEPT, ...(inputs && { inputs }) }, signal);
}

describe('the values of a revision that follows another', () => {
  it('are those of the one before', async () => {
    secret(KEPT, { password: 'first' });
    expect((await ensured([PASSWORD])).values).toEqual({ password: 'first' });
  });

  it.each([
    ['generated', PASSWORD],
    ['by default', TOKEN],
  ])('are never made up anew when somebody removed those, which were %s', async (_how, parameter) => {
    await expect(ensured([parameter])).toFailWith('secret_input_gone');
    await expect(ensured([parameter])).rejects.toThrow(KEPT);
    expect(cluster.madeSecrets).toEqual([]);
  });

  it('are missed by the plan already', async () => {
    await expect(plannedValues(session(), KEY, { secrets: [PASSWORD], kept: KEPT }, signal)).toFailWith('secret_input_gone');
  });

  it('are not taken from a Secret that is not ours', async () => {
    secret(KEPT, { password: 'planted' }, {});
    await expect(ensured([PASSWORD])).toFailWith('secret_input_gone');
  });

  it('are the given ones where each is given again', async () => {
    secret('inputs', { password: JSON.stringify('given') });
    const { values } = await ensured([PASSWORD], { name: 'inputs', parameters: ['password'] });
    expect(values).toEqual({ password: 'given' });
  });

  it('are not looked for where there is nothing secret', async () => {
    expect(await ensured([])).toEqual({ values: {} });
  });

  it('stand once they are written, whatever became of the earlier ones', async () => {
    secret('chandlery.db.v2', { password: 'second' });
    expect((await ensured([PASSWORD])).values).toEqual({ password: 'second' });
  });
});
