import { expect, it } from '@jest/globals';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import { changed, changing, deploymentKey, finished, installTemplate, pinOf, startOf } from '../support/deployments.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { describeStores } from '../support/stores.ts';

const needs = (namespace: string, name: string, owned = false) => ({ namespace, name, template: name, range: '^1.0.0', owned });

describeStores('lists of deployments', (lab) => {
  const fresh = async (name: string) => {
    const namespace = freshNamespace();
    await installTemplate(lab, namespace, 'web');
    return deploymentKey(namespace, name);
  };
  const web = (version = '1.0.0') => pinOf('web', version);

  it('are by namespace and name, in pages', async () => {
    const namespaces = [freshNamespace(), freshNamespace()].sort();
    for (const namespace of namespaces) {
      for (const template of ['web', 'api']) await installTemplate(lab, namespace, template);
      for (const name of ['a-b', 'a', 'a.b', 'ab']) await changed(lab, deploymentKey(namespace, name), startOf('deploy', web()));
      await changed(lab, deploymentKey(namespace, 'z'), startOf('deploy', pinOf('api')));
    }
    const [one = '', two = ''] = namespaces;
    const names = async (filter: object) =>
      (await lab.store.deployments.list({ cluster: LOCAL_CLUSTER, limit: 100, ...filter })).map(
        (d) => `${d.namespace}/${d.name}`,
      );
    const whole = namespaces.flatMap((namespace) => ['a', 'a-b', 'a.b', 'ab', 'z'].map((name) => `${namespace}/${name}`));
    expect((await names({})).filter((name) => whole.includes(name))).toEqual(whole);
    expect(await names({ namespace: two })).toEqual(whole.slice(5));
    expect(await names({ namespace: one, template: 'api' })).toEqual([`${one}/z`]);
    expect(await names({ namespace: one, limit: 2, after: `${one}/a` })).toEqual(whole.slice(1, 3));
    expect(await names({ after: `${one}/ab`, limit: 2 })).toEqual(whole.slice(4, 6));
    expect(await names({ cluster: 'elsewhere' })).toEqual([]);
  });

  it('of dependents name the deployments that need one, wherever they are', async () => {
    const db = await fresh('db');
    await changed(lab, db, startOf('deploy', web()));
    const near = deploymentKey(db.namespace, 'near');
    const far = await fresh('far');
    for (const [key, owned] of [
      [near, true],
      [far, false],
    ] as const) {
      const context = await changing(lab, key);
      const { number } = await lab.store.deployments.begin(context, key, startOf('deploy', web()));
      await finished(lab, context, key, number, [needs(db.namespace, 'other'), needs(db.namespace, 'db', owned)]);
    }
    const dependents = await lab.store.deployments.dependents(db);
    expect(dependents).toHaveLength(2);
    expect(dependents).toEqual(
      expect.arrayContaining([
        { namespace: db.namespace, name: 'near', owned: true },
        { namespace: far.namespace, name: 'far', owned: false },
      ]),
    );
    expect(await lab.store.deployments.dependents(far)).toEqual([]);
    expect(await lab.store.deployments.dependents({ ...db, cluster: 'elsewhere' })).toEqual([]);
  });

  it('of a template name what runs it, but nothing direct', async () => {
    const key = await fresh('b');
    await changed(lab, key, startOf('deploy', web('1.2.0')));
    await lab.store.deployments.begin(
      await changing(lab, { ...key, name: 'a' }),
      { ...key, name: 'a' },
      startOf('deploy', web()),
    );
    const direct = { ...key, name: 'direct' };
    await lab.store.deployments.begin(await changing(lab, direct), direct, startOf('deploy', web(), { origin: 'direct' }));
    expect(await lab.store.deployments.ofTemplate(LOCAL_CLUSTER, key.namespace, 'web')).toEqual([
      { name: 'a', version: '1.0.0' },
      { name: 'b', version: '1.2.0' },
    ]);
    expect(await lab.store.deployments.ofTemplate(LOCAL_CLUSTER, key.namespace, 'api')).toEqual([]);
  });
});
