import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../../support/cluster.ts';
import { configMap } from './support/api-server.ts';
import { type ClusterLab, openClusterLab } from './support/cluster-lab.ts';

let lab: ClusterLab;
let namespace = '';
beforeAll(async () => {
  lab = await openClusterLab();
  namespace = await lab.kubernetes.namespace();
}, CLUSTER_TIMEOUT_MS);
afterAll(() => lab.close());

const refOf = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });

describeCluster('apply', () => {
  it('creates, then changes, and takes away fields that are no longer there', async () => {
    const made = await lab.admin.apply({ ...configMap(namespace, 'apply'), data: { a: '1', b: '2' } });
    const changed = await lab.admin.apply({ ...configMap(namespace, 'apply'), data: { a: '3' } });
    expect(changed.metadata.uid).toBe(made.metadata.uid);
    expect(changed.data).toEqual({ a: '3' });
    expect(changed.metadata.managedFields).toEqual([expect.objectContaining({ manager: 'chandlery', operation: 'Apply' })]);
  });

  it('changes nothing when it is the same again', async () => {
    const first = await lab.admin.apply(configMap(namespace, 'same'));
    const second = await lab.admin.apply(configMap(namespace, 'same'));
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('stores nothing in a dry run, and answers what it would store', async () => {
    const would = await lab.admin.apply(configMap(namespace, 'dry'), { dryRun: true });
    expect(would.data).toEqual({ key: 'one' });
    expect(await lab.admin.get(refOf('dry'))).toBeUndefined();
  });

  it('says in a dry run whether it would be new', async () => {
    expect(await lab.admin.tryApply(configMap(namespace, 'tried'))).toMatchObject({
      created: true,
      object: { data: { key: 'one' } },
    });
    expect(await lab.admin.get(refOf('tried'))).toBeUndefined();
    const there = await lab.admin.apply(configMap(namespace, 'tried'));
    const again = await lab.admin.tryApply(configMap(namespace, 'tried', 'two'));
    expect(again).toMatchObject({ created: false, object: { data: { key: 'two' }, metadata: { uid: there.metadata.uid } } });
    expect((await lab.admin.get(refOf('tried')))?.data).toEqual({ key: 'one' });
  });

  it('fails with field_conflict, naming field and manager, and takes over with force', async () => {
    await lab.changeByOthers(namespace, 'conflict', 'theirs');
    const mine = configMap(namespace, 'conflict', 'mine');
    await expect(lab.admin.apply(mine)).rejects.toMatchObject({
      code: 'field_conflict',
      details: { conflicts: [{ field: '.data.key', manager: 'somebody-else' }] },
    });
    expect((await lab.admin.get(refOf('conflict')))?.data).toEqual({ key: 'theirs' });
    expect((await lab.admin.apply(mine, { force: true })).data).toEqual({ key: 'mine' });
  });

  it('applies kinds without a namespace and kinds of other groups', async () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `k:${namespace}` },
      rules: [],
    };
    const made = await lab.admin.apply(role);
    expect(await lab.admin.delete({ ...role, name: role.metadata.name }, { uid: made.metadata.uid ?? '' })).toBe('deleted');
  });
});

describeCluster('applyNew', () => {
  it('creates what apply would have created', async () => {
    const made = await lab.admin.applyNew(configMap(namespace, 'new'));
    const again = await lab.admin.apply(configMap(namespace, 'new'));
    expect(again).toEqual(made);
    expect(made?.metadata.managedFields).toEqual([expect.objectContaining({ manager: 'chandlery', operation: 'Apply' })]);
  });

  it.each(['ours', 'of somebody else'])('answers undefined and changes nothing when there is one, %s', async (whose) => {
    const name = whose === 'ours' ? 'new-ours' : 'new-theirs';
    if (whose === 'ours') await lab.admin.apply(configMap(namespace, name, 'before'));
    else await lab.changeByOthers(namespace, name, 'before');
    expect(await lab.admin.applyNew(configMap(namespace, name, 'after'))).toBeUndefined();
    expect((await lab.admin.get(refOf(name)))?.data).toEqual({ key: 'before' });
  });

  it('lets exactly one of many at once create it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => lab.admin.applyNew(configMap(namespace, 'new-race', `${n}`))),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await lab.admin.get(refOf('new-race')))?.data).toEqual(answers.find(Boolean)?.data);
  });
});

describeCluster('get', () => {
  it('answers undefined for an object or a namespace that is not there', async () => {
    expect(await lab.admin.get(refOf('nothing'))).toBeUndefined();
    expect(await lab.admin.get({ ...refOf('nothing'), namespace: `${namespace}-not` })).toBeUndefined();
  });
});

describeCluster('createIfAbsent', () => {
  it('creates once, then answers the one that is there unchanged', async () => {
    const first = await lab.admin.createIfAbsent(configMap(namespace, 'once', 'one'));
    const second = await lab.admin.createIfAbsent(configMap(namespace, 'once', 'two'));
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.object).toEqual(expect.objectContaining({ data: { key: 'one' }, metadata: first.object.metadata }));
  });

  it('lets exactly one of many at once create it', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, index) => lab.admin.createIfAbsent(configMap(namespace, 'race', String(index)))),
    );
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(all.map(({ object }) => JSON.stringify(object.data))).size).toBe(1);
  });
});

describeCluster('delete', () => {
  it('deletes the object of that uid, and answers absent the second time', async () => {
    const { metadata } = await lab.admin.apply(configMap(namespace, 'gone'));
    const uid = metadata.uid ?? '';
    expect(await lab.admin.delete(refOf('gone'), { uid })).toBe('deleted');
    expect(await lab.admin.delete(refOf('gone'), { uid })).toBe('absent');
  });

  it('leaves an object of the same name with another uid alone', async () => {
    const { metadata } = await lab.admin.apply(configMap(namespace, 'again'));
    await lab.admin.delete(refOf('again'), { uid: metadata.uid ?? '' });
    await lab.admin.apply(configMap(namespace, 'again', 'new'));
    expect(await lab.admin.delete(refOf('again'), { uid: metadata.uid ?? '' })).toBe('absent');
    expect((await lab.admin.get(refOf('again')))?.data).toEqual({ key: 'new' });
  });

  it('leaves an object that has changed since alone, and fails with field_conflict', async () => {
    const { metadata } = await lab.admin.apply(configMap(namespace, 'changed'));
    await lab.admin.apply(configMap(namespace, 'changed', 'two'));
    const precondition = { uid: metadata.uid ?? '', resourceVersion: metadata.resourceVersion ?? '' };
    await expect(lab.admin.delete(refOf('changed'), precondition)).toFailWith('field_conflict');
    expect(await lab.admin.get(refOf('changed'))).toBeDefined();
  });

  it('answers terminating while a finalizer holds it', async () => {
    const held = configMap(namespace, 'held');
    const { metadata } = await lab.admin.apply({ ...held, metadata: { ...held.metadata, finalizers: ['chandlery.dev/test'] } });
    expect(await lab.admin.delete(refOf('held'), { uid: metadata.uid ?? '' })).toBe('terminating');
    expect((await lab.admin.get(refOf('held')))?.metadata.deletionTimestamp).toBeDefined();
    await lab.admin.apply(held);
    expect(await lab.admin.get(refOf('held'))).toBeUndefined();
  });

  it('never sends an empty name, which would be the whole collection', async () => {
    await lab.admin.apply(configMap(namespace, 'stays'));
    await expect(lab.admin.delete(refOf(''), { uid: 'x' })).toFailWith('object_invalid');
    expect(await lab.admin.get(refOf('stays'))).toBeDefined();
  });
});

describeCluster('list', () => {
  it('reads over pages up to the limit, with kind, and says when there is more', async () => {
    const many = await lab.kubernetes.namespace();
    const label = { labels: { of: 'list' } };
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const object = configMap(many, `m-${index}`);
        return lab.admin.apply({ ...object, metadata: { ...object.metadata, ...label } });
      }),
    );
    const selection = { apiVersion: 'v1', kind: 'ConfigMap', namespace: many, labelSelector: 'of=list' };
    const all = await lab.admin.list(selection);
    expect([all.items.length, all.truncated]).toEqual([12, false]);
    expect(all.items[0]).toEqual(expect.objectContaining({ apiVersion: 'v1', kind: 'ConfigMap' }));
    const some = await lab.admin.list(selection, { limit: 5 });
    expect([some.items.length, some.truncated]).toEqual([5, true]);
    expect((await lab.admin.list({ ...selection, labelSelector: 'of=nothing' })).items).toEqual([]);
  });
});
