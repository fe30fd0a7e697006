import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestOf } from '../../src/domain/content-hash.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import type { RegistryPlugin } from '../../src/domain/registry.ts';
import { startRegistryServer } from '../../src/registry.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';
import { createChartRepository, serveFiles } from '../support/chart-repository.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { TestRepository, templateFiles } from '../support/git/repository.ts';
import { openHelm } from '../support/oci/push.ts';
import { startMemoryRegistry } from '../support/oci/server.ts';
import { createRegistryFolder } from '../support/registry-folder.ts';
import { KindLab } from '../support/registry-kinds.ts';

/** A registry that promises one archive and sends another: whatever its kind, nothing of it is stored. */

const kinds = new KindLab();
const closing: Array<() => Promise<unknown>> = [];
let lab: ActivityLab;
let current: RegistryPlugin;

beforeAll(async () => {
  const registry = new Proxy({} as RegistryPlugin, { get: (_target, member) => Reflect.get(current, member) });
  lab = await openActivityLab(registry);
}, 60_000);
afterAll(async () => {
  await lab?.close();
  await kinds.close();
  for (const close of closing.reverse()) await close();
}, 60_000);

async function behindProxy(url: string): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ target: url });
  closing.push(() => proxy.close());
  return proxy;
}

async function expectNothing(namespace: string, name: string): Promise<void> {
  await expect(lab.install(namespace, name)).rejects.toMatchObject({ type: 'digest_mismatch' });
  expect(await lab.store.installs.list(LOCAL_CLUSTER, namespace)).toEqual([]);
}

describe('a registry that lies about a digest', () => {
  it('is refused: kind chandlery', async () => {
    const folder = await createRegistryFolder([{ name: 'web', version: '1.0.0' }]);
    const server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'r', templatesDir: folder.dir });
    closing.push(
      () => folder.remove(),
      () => server.close(),
    );
    const proxy = await behindProxy(server.url);
    current = kinds.open('chandlery', proxy.url, { entry: { name: 'chandlery' } });
    proxy.setFaults([{ kind: 'corrupt', at: 300, path: '/archive' }]);
    await expectNothing('chandlery', 'web');
    proxy.setFaults([]);
    expect((await lab.install('chandlery', 'web')).record).toMatchObject({ name: 'web' });
  }, 60_000);

  it('is refused: kind helm', async () => {
    const charts = await createChartRepository({ name: 'web', version: '1.0.0' });
    const files = await serveFiles(charts.dir);
    closing.push(
      () => charts.remove(),
      () => files.close(),
    );
    const index = (await charts.read('index.yaml')).toString('utf8');
    const digest = digestOf(await charts.read('web-1.0.0.tgz')).slice('sha256:'.length);
    current = kinds.open('helm', files.url, { entry: { name: 'helm' } });
    await charts.write('index.yaml', index.replace(digest, 'f'.repeat(64)));
    await expectNothing('helm', 'web');
    await charts.write('index.yaml', index);
    current = kinds.open('helm', files.url, { entry: { name: 'helm' } });
    expect((await lab.install('helm', 'web')).record).toMatchObject({ name: 'web' });
  }, 180_000);

  it('is refused: kind oci', async () => {
    const server = await startMemoryRegistry();
    const helm = await openHelm(server.host);
    closing.push(
      () => server.close(),
      () => helm.close(),
    );
    await helm.push('charts', { name: 'web', version: '1.0.0' });
    const proxy = await behindProxy(server.url);
    current = kinds.open('oci', `${proxy.url}/charts`, { entry: { name: 'oci', allowHttp: true } });
    const [{ digest = '' } = {}] = await current.listVersions('web');
    proxy.setFaults([{ kind: 'corrupt', at: 40, path: `/blobs/${digest}` }]);
    await expectNothing('oci', 'web');
    proxy.setFaults([]);
    expect((await lab.install('oci', 'web')).record).toMatchObject({ name: 'web' });
  }, 180_000);

  it('is refused: kind git, when its branch moves between the promise and the archive', async () => {
    const repository = new TestRepository();
    closing.push(async () => repository.remove());
    repository.commit(templateFiles('web', 'web', '1.0.0', 'one'));
    const git = kinds.open('git', repository.url, { entry: { name: 'git' } });
    let isMoving = true;
    current = {
      ...git,
      openArchive(...args) {
        if (isMoving) repository.commit(templateFiles('web', 'web', '1.0.0', 'two'));
        isMoving = false;
        return git.openArchive(...args);
      },
    };
    await expectNothing('git', 'web');
    expect((await lab.install('git', 'web')).record).toMatchObject({ name: 'web' });
  }, 60_000);
});
