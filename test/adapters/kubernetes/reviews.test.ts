import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../../support/cluster.ts';
import { type ApiServer, json, startApiServer } from './support/api-server.ts';
import { type ClusterLab, eventually, openClusterLab } from './support/cluster-lab.ts';

const ask = (verb: string, resource: string, namespace?: string, name?: string) => ({
  verb,
  group: '',
  resource,
  ...(namespace !== undefined && { namespace }),
  ...(name !== undefined && { name }),
});

describeCluster('mayI', () => {
  let lab: ClusterLab;
  let namespace = '';
  beforeAll(async () => {
    lab = await openClusterLab();
    namespace = await lab.kubernetes.namespace();
    await lab.grant(namespace, { group: 'readers' }, [
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['mine'] },
    ]);
  }, CLUSTER_TIMEOUT_MS);
  afterAll(() => lab.close());

  it('answers every question in order, as the cluster would decide', async () => {
    const session = lab.cluster.as({ user: 'rita', groups: ['others', 'readers'] });
    const questions: Array<[ReturnType<typeof ask>, boolean]> = [
      [ask('get', 'pods', namespace), true],
      [ask('delete', 'pods', namespace), false],
      [ask('get', 'pods/log', namespace), true],
      [ask('get', 'pods/exec', namespace), false],
      [ask('get', 'secrets', namespace, 'mine'), true],
      [ask('get', 'secrets', namespace, 'other'), false],
      [ask('get', 'secrets', namespace), false],
      [ask('get', 'pods', 'default'), false],
      [ask('get', 'pods'), false],
      [ask('get', 'pods', namespace), true],
    ];
    await eventually(async () => ((await session.mayI([ask('get', 'pods', namespace)]))[0] ? true : undefined));
    const asked = questions.map(([question]) => question);
    const expected = questions.map(([, answer]) => answer);
    expect(await session.mayI(asked)).toEqual(expected);
    // The single reviews are the cluster's own decision on each.
    expect(await Promise.all(asked.map(async (question) => (await session.mayI([question]))[0]))).toEqual(expected);
  });

  it('answers nothing to no question, and yes to all to an administrator', async () => {
    expect(await lab.admin.mayI([])).toEqual([]);
    expect(
      await lab.admin.mayI([ask('delete', 'nodes'), ask('create', 'pods', namespace), ask('get', 'pods', namespace)]),
    ).toEqual([true, true, true]);
  });
});

describe('mayI of a cluster whose rules are not complete', () => {
  const servers: ApiServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function start(rules: object, review: object) {
    const asked: string[] = [];
    const server = await startApiServer((request, response) => {
      if (request.url === '/readyz') return void response.end('ok');
      const isRules = request.url?.endsWith('selfsubjectrulesreviews') ?? false;
      asked.push(isRules ? 'rules' : 'review');
      json(response, 201, { status: isRules ? rules : review });
    });
    servers.push(server);
    return { session: server.cluster.as({ user: 'alice', groups: [] }), asked };
  }
  const everything = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
  const questions = [ask('get', 'pods', 'shop'), ask('list', 'pods', 'shop'), ask('get', 'pods', 'shop')];

  it.each([
    ['incomplete', { resourceRules: everything, nonResourceRules: [], incomplete: true }],
    ['with an error', { resourceRules: everything, nonResourceRules: [], incomplete: false, evaluationError: 'webhook is away' }],
  ])('asks single reviews, each question once: %s', async (_name, rules) => {
    const { session, asked } = await start(rules, { allowed: false });
    expect(await session.mayI(questions)).toEqual([false, false, false]);
    expect(asked).toEqual(['rules', 'review', 'review']);
  });

  it('takes an answer that says nothing, or denies as well, for no', async () => {
    const incomplete = { incomplete: true, resourceRules: [], nonResourceRules: [] };
    expect(await (await start(incomplete, {})).session.mayI(questions)).toEqual([false, false, false]);
    expect(await (await start(incomplete, { allowed: true, denied: true })).session.mayI(questions)).toEqual([
      false,
      false,
      false,
    ]);
  });
});
