import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../../support/cluster.ts';
import { configMap } from './support/api-server.ts';
import { type AuditLine, type ClusterLab, eventually, openClusterLab } from './support/cluster-lab.ts';

let lab: ClusterLab;
let namespace = '';
beforeAll(async () => {
  lab = await openClusterLab();
  namespace = await lab.kubernetes.namespace();
}, CLUSTER_TIMEOUT_MS);
afterAll(() => lab.close());

const groups = ['team-a', 'team-b', 'team c, with a comma'];
const everything = [{ apiGroups: [''], resources: ['configmaps', 'pods', 'pods/exec'], verbs: ['*'] }];
const reads = { apiVersion: 'v1', kind: 'ConfigMap' };

/** The API server adds the last one itself. */
const asSeen = (user: string) => ({ username: user, groups: [...groups, 'system:authenticated'] });

async function auditOf(user: string, fits: (line: AuditLine) => boolean): Promise<AuditLine | undefined> {
  return (await lab.audit((line) => line.impersonatedUser?.username === user && fits(line)))[0];
}

describeCluster('a session', () => {
  it('is its user with all groups on a request, by SelfSubjectReview and by the audit log', async () => {
    const user = `request-${namespace}`;
    const session = lab.cluster.as({ user, groups });
    expect(await session.whoAmI()).toEqual({ user, groups: [...groups, 'system:authenticated'] });
    const line = await auditOf(user, ({ objectRef }) => objectRef?.resource === 'selfsubjectreviews');
    expect(line?.user.username).toBe('chandlery');
    expect(line?.impersonatedUser).toEqual(expect.objectContaining(asSeen(user)));
  });

  it('is its user with all groups on a watch: the right comes from the last group', async () => {
    const user = `watch-${namespace}`;
    await lab.grant(namespace, { group: 'team c, with a comma' }, everything);
    const session = lab.cluster.as({ user, groups });
    const { resourceVersion } = await eventually(() => session.list({ ...reads, namespace }).catch(() => undefined));
    const events = session.watch({ ...reads, namespace }, resourceVersion);
    const first = events[Symbol.asyncIterator]().next();
    await session.apply(configMap(namespace, 'watched'));
    expect((await first).value).toEqual(expect.objectContaining({ type: 'added' }));
    await events[Symbol.asyncIterator]().return?.();
    const line = await auditOf(user, ({ verb }) => verb === 'watch');
    expect(line?.impersonatedUser).toEqual(expect.objectContaining(asSeen(user)));
  });

  it('is its user with all groups on exec: refused without the right, past authorization with it', async () => {
    const user = `exec-${namespace}`;
    const target = { namespace, pod: 'not-there', container: 'app', command: ['true'] };
    const stranger = lab.cluster.as({ user: `${user}-stranger`, groups: ['team-x'] });
    await expect(stranger.exec(target)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining(`${user}-stranger may not`),
      details: { missing: [expect.objectContaining({ resource: 'pods/exec', namespace })] },
    });
    const session = lab.cluster.as({ user, groups });
    await expect(session.exec(target)).rejects.toMatchObject({
      code: 'object_invalid',
      message: expect.stringContaining('not found'),
    });
    const line = await auditOf(user, ({ objectRef }) => objectRef?.subresource === 'exec');
    expect(line?.impersonatedUser).toEqual(expect.objectContaining(asSeen(user)));
    expect(line?.responseStatus?.code).toBe(404);
  });

  it('does not lend its rights to another session of the same cluster', async () => {
    const [one, two] = [
      lab.cluster.as({ user: 'one', groups: ['team c, with a comma'] }),
      lab.cluster.as({ user: 'two', groups: [] }),
    ];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? one : two).list({ ...reads, namespace }).then(
          () => 'allowed',
          (error: { code?: string }) => error.code,
        ),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'allowed' : 'forbidden')));
  });

  it('says which identity it has', () => {
    expect(lab.cluster.as({ user: 'a', groups: ['b'] }).identity).toEqual({ user: 'a', groups: ['b'] });
  });
});

describeCluster('a cluster', () => {
  it('answers its version, asked as ourselves', async () => {
    expect(await lab.cluster.version()).toMatch(/^v1\.\d+\.\d+/);
  });

  it('cannot do anything itself: without impersonation the credential has no rights', async () => {
    const self = lab.cluster.as({ user: 'chandlery', groups: ['chandlery-servers'] });
    await expect(self.list({ ...reads, namespace })).toFailWith('forbidden');
  });
});
