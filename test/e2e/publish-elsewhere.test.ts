import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { OperationView } from '../../src/domain/operation.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { Child } from '../../tools/lab/child.ts';
import type { Lab } from '../../tools/lab/index.ts';
import { openLab } from '../../tools/lab/index.ts';
import { runCli } from '../cli/support/run-cli.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { HOLDING_WORKER, Holds } from '../support/holds.ts';
import type { ToPublish } from '../support/publishing.ts';
import { archiveDigest, archiveOf, clientFor, postArchive, publish } from '../support/publishing.ts';

/** Two installations, each with an engine and a store of its own. `here` publishes to `there`, which it knows as its default registry. */
const KILLABLE = 'test/support/processes/killable-worker.js';

let there: Lab;
let here: Lab;
/** In front of `there`. */
let port: FaultProxy;
let theirs: ApiClient;
let ours: ApiClient;
let holdsThere: Holds;
let holdsHere: Holds;
let db: pg.Client;

beforeAll(async () => {
  there = await openLab();
  ({ client: theirs } = await there.startApi());
  holdsThere = await Holds.create(there.dir);
  await there.startWorker({ script: HOLDING_WORKER, env: holdsThere.env });
  port = await startFaultProxy({ target: theirs.url });
  const cid = await clientFor(theirs, 'cid');
  // May publish, and not see what becomes of it.
  const dan = await clientFor(theirs, 'dan', {
    roles: [{ role: 'viewer', namespace: '*' }],
    scopes: ['templates:publish', 'catalog:read'],
  });
  here = await openLab({
    registries: [
      { name: 'port', url: port.url, token: theirs.token, default: true },
      { name: 'locked', url: port.url, token: 'nobody-knows-this-token' },
      { name: 'as-cid', url: port.url, token: cid.token },
      { name: 'as-dan', url: port.url, token: dan.token },
    ],
  });
  ({ client: ours } = await here.startApi());
  holdsHere = await Holds.create(here.dir);
  await here.startWorker({ script: HOLDING_WORKER, env: holdsHere.env });
  db = new pg.Client({ connectionString: here.engine.databaseUrl });
  await db.connect();
}, 240_000);

afterAll(async () => {
  await db?.end();
  await here?.close();
  await port?.close();
  await there?.close();
}, 120_000);

afterEach(() => port.setFaults([]));

let lastName = 0;
function fresh(more: Partial<ToPublish> = {}): ToPublish {
  lastName += 1;
  return { name: `cargo-${lastName}`, version: '1.0.0', ...more };
}

async function start(template: ToPublish, registry = '', client = ours): Promise<string> {
  const { status, body } = await postArchive(client, archiveOf(template), { registry });
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return body.operation;
}

const publishThere = async (template: ToPublish, registry = '') => ours.ended(await start(template, registry));
const stepOf = (operation: OperationView, name = 'publish') => operation.steps.find((step) => step.name === name);

async function versionsThere(name: string): Promise<Array<{ version: string; digest: string }>> {
  const { status, body } = await theirs.get(`/api/v1/templates/${name}/versions?scope=local`);
  return status === 404 ? [] : body.versions;
}

/** Operations of the other server for the name, oldest first. */
async function operationsThere(name: string): Promise<Array<{ id: string; state: string }>> {
  return (await theirs.get(`/api/v1/operations?kind=publish&template=${name}`)).body.operations.reverse();
}

describe('a template that is published to another Chandlery', () => {
  it('is looked at here, published there, and listed here at once', async () => {
    const template = fresh();
    const { name } = template;
    await ours.get(`/api/v1/search?q=${name}`);
    const accepted = await postArchive(ours, archiveOf(template), { registry: '' });
    expect(accepted).toMatchObject({ status: 202, body: { registry: 'port', name, version: '1.0.0' } });
    const operation = await ours.ended(accepted.body.operation);
    expect(operation).toMatchObject({
      state: 'succeeded',
      target: `publish/local/port/${name}`,
      input: { registry: 'port', name },
      result: {
        changed: true,
        registry: 'port',
        name,
        status: 'approved',
        there: { verdict: { status: 'approved', reasons: [] } },
      },
    });
    expect(stepOf(operation, 'dependency')?.detail).toBe('left to port, which has registries of its own');
    expect(stepOf(operation)?.detail).toBe(`${name}@1.0.0 is published to port`);
    expect(await versionsThere(name)).toMatchObject([{ version: '1.0.0', digest: archiveDigest(template) }]);
    const { there: remote } = operation.result as { there: { operation: string } };
    expect(await theirs.operation(remote.operation)).toMatchObject({ state: 'succeeded', target: `publish/local/local/${name}` });
    expect((await db.query('select 1 from published_versions where name = $1', [name])).rowCount).toBe(0);
    const { body } = await ours.get(`/api/v1/search?q=${name}`);
    expect(body.templates[0]).toMatchObject({ name, version: '1.0.0', registry: 'port' });
    const { rows } = await db.query('select actor, action, outcome from audit where object = $1', [`template/${name}@1.0.0`]);
    expect(rows).toContainEqual({ actor: 'chandlery-admin', action: 'publish-template', outcome: 'allowed' });
  });

  it('changes nothing the second time, without being sent, and is refused with other bytes', async () => {
    const template = fresh();
    await publishThere(template);
    port.clear();
    const again = await publishThere(template);
    expect(again).toMatchObject({ state: 'succeeded', result: { changed: false, registry: 'port' } });
    expect(stepOf(again)?.detail).toContain('nothing was sent');
    const other = await publishThere({ ...template, description: 'Other bytes under the same version.' });
    expect(other).toMatchObject({ state: 'failed', step: 'publish', failure: { code: 'version_exists' } });
    expect(port.count('POST', '/templates')).toBe(0);
  });

  it('goes to this server where that is asked for', async () => {
    const { name } = fresh();
    const operation = await publish(ours, { name, version: '1.0.0' });
    expect(operation).toMatchObject({ state: 'succeeded', result: { registry: 'local' } });
    expect(await versionsThere(name)).toEqual([]);
  });

  it('is shown by the command line with the place', async () => {
    const template = fresh();
    const file = join(here.dir, `${template.name}.tar`);
    await writeFile(file, archiveOf(template));
    const { code, stdout, stderr } = await runCli(['publish', file], { CHANDLERY_URL: ours.url, CHANDLERY_TOKEN: ours.token });
    expect([code, stderr]).toEqual([0, expect.stringContaining(`${template.name}@1.0.0 to the registry port, sha256:`)]);
    expect(stdout).toMatch(new RegExp(`^publish ${template.name} in port  succeeded`, 'm'));
  });
});

describe('what the other server refuses', () => {
  it("is told with its code: a name that is somebody else's there", async () => {
    const template = fresh();
    const bob = await clientFor(theirs, 'bob');
    await publish(bob, template);
    const operation = await publishThere({ ...template, version: '1.1.0' }, 'as-cid');
    expect(operation).toMatchObject({
      state: 'failed',
      step: 'publish',
      failure: {
        code: 'not_owner',
        message: expect.stringMatching(/^as-cid: the name .+ belongs to bob/),
        details: { owners: ['bob'], registry: 'as-cid' },
      },
    });
    expect(stepOf(operation)?.attempts).toHaveLength(1);
  });

  it('is told with its step: a dependency that is not to be had there', async () => {
    const template = fresh({ dependencies: [{ name: 'nowhere-at-all', version: '^1.0.0' }] });
    const operation = await publishThere(template);
    expect(operation).toMatchObject({
      state: 'failed',
      failure: { code: 'dependency_missing', message: expect.stringContaining('port, at its step dependency: ') },
    });
    expect(await operationsThere(template.name)).toMatchObject([{ state: 'failed' }]);
  });

  it('is told before anything is sent: a credential that is none', async () => {
    port.clear();
    const operation = await publishThere(fresh(), 'locked');
    expect(operation).toMatchObject({ state: 'failed', step: 'publish', failure: { code: 'authentication' } });
    expect(port.count('POST', '/templates')).toBe(0);
  });

  it('is told before anything is sent: a credential that may publish and not see what becomes of it', async () => {
    port.clear();
    const operation = await publishThere(fresh(), 'as-dan');
    expect(operation).toMatchObject({ failure: { code: 'authorization', message: expect.stringContaining('operations:read') } });
    expect(port.count('POST', '/templates')).toBe(0);
  });
});

describe('when something breaks', () => {
  it('waits for the other server to come back, without beginning anew', async () => {
    const template = fresh();
    const hold = await holdsThere.hold('local', 'publish', 'before');
    const id = await start(template);
    await hold.reached();
    port.clear();
    port.setFaults([{ kind: 'status', status: 503, path: '/operations/', times: 4 }]);
    await ours.waitFor(id, (operation) => stepOf(operation)?.waitingFor?.includes('to answer again') === true);
    await hold.release();
    const operation = await ours.ended(id);
    expect(operation.state).toBe('succeeded');
    expect(stepOf(operation)).toMatchObject({ attempt: 1 });
    expect(port.count('POST', '/templates')).toBe(0);
  });

  it('sends it again when the connection broke while it was sent', async () => {
    const template = fresh({ files: { big: 'x'.repeat(2 * 1024 * 1024) } });
    port.setFaults([{ kind: 'reset', path: /templates\?registry/, times: 1 }]);
    const operation = await publishThere(template);
    expect(operation).toMatchObject({ state: 'succeeded', result: { changed: true } });
    expect(stepOf(operation)).toMatchObject({ attempt: 2 });
    expect(await versionsThere(template.name)).toMatchObject([{ digest: archiveDigest(template) }]);
  });

  it.each(['between', 'after'] as const)(
    'goes on where a worker was killed, %s sending and writing that down',
    async (moment) => {
      const queue = { CHANDLERY_TASK_QUEUE: `elsewhere-${moment}` };
      const { child, client } = await here.startApi({ env: queue });
      const dir = join(here.dir, `killed-${moment}`);
      await mkdir(dir);
      const env = { ...queue, KILL_MOMENT: moment, KILL_DIR: dir, KILL_STEPS: 'publish.send' };
      const template = fresh();
      const killed = await here.startWorker({ script: KILLABLE, env });
      const id = await start(template, '', client);
      expect(await killed.exited).toMatchObject({ signal: 'SIGKILL' });
      const worker: Child = await here.startWorker({ script: KILLABLE, env });
      const operation = await client.ended(id, 30_000);
      await worker.stop();
      await child.stop();
      expect(operation).toMatchObject({ state: 'succeeded', result: { changed: true } });
      expect(stepOf(operation)).toMatchObject({ attempt: 2, attempts: [{ outcome: 'worker_lost' }] });
      expect(await versionsThere(template.name)).toHaveLength(1);
      expect(await operationsThere(template.name)).toHaveLength(1);
    },
    90_000,
  );
});

describe('a publish that is cancelled', () => {
  async function cancelled(id: string): Promise<OperationView> {
    expect((await ours.call('POST', `/api/v1/operations/${id}/cancel`)).status).toBe(202);
    return await ours.ended(id);
  }

  it('is cancelled there, too, while it runs there', async () => {
    const template = fresh();
    const hold = await holdsThere.hold('local', 'publish', 'before');
    const id = await start(template);
    await hold.reached();
    await ours.waitFor(id, (operation) => stepOf(operation)?.waitingFor?.includes('at its step publish') === true);
    const operation = await cancelled(id);
    await hold.release();
    expect(operation).toMatchObject({ state: 'cancelled', warnings: [] });
    expect(stepOf(operation)).toMatchObject({ undone: true });
    expect(await operationsThere(template.name)).toMatchObject([{ state: 'cancelled' }]);
    expect(await versionsThere(template.name)).toEqual([]);
    const replayed = await ours.ended(await ours.replay(id));
    expect(replayed).toMatchObject({ state: 'succeeded', result: { changed: true } });
  });

  it('is found there when it was not written down yet that it had been sent', async () => {
    const template = fresh();
    const holdThere = await holdsThere.hold('local', 'publish', 'before');
    const hold = await holdsHere.hold('port', 'publish.send', 'between');
    const id = await start(template);
    await Promise.all([hold.reached(), holdThere.reached()]);
    const operation = await cancelled(id);
    await Promise.all([hold.release(), holdThere.release()]);
    expect(operation.state).toBe('cancelled');
    expect(stepOf(operation)).toMatchObject({ undone: true });
    expect(await operationsThere(template.name)).toMatchObject([{ state: 'cancelled' }]);
  });

  it('leaves what is published there already, and says so', async () => {
    const template = fresh();
    const hold = await holdsHere.hold('port', 'publish', 'after');
    const id = await start(template);
    await hold.reached();
    const operation = await cancelled(id);
    await hold.release();
    expect(operation).toMatchObject({
      state: 'cancelled',
      warnings: [expect.stringContaining(`port has published ${template.name}@1.0.0 already and keeps it`)],
    });
    expect(stepOf(operation)?.undone ?? false).toBe(false);
    expect(await versionsThere(template.name)).toHaveLength(1);
  });

  it('does not stop what somebody else had begun there', async () => {
    const template = fresh();
    const hold = await holdsThere.hold('local', 'publish', 'before');
    const { body } = await postArchive(theirs, archiveOf(template));
    await hold.reached();
    const id = await start(template);
    await ours.waitFor(id, (operation) => stepOf(operation)?.waitingFor?.includes('at its step publish') === true);
    const operation = await cancelled(id);
    await hold.release();
    expect(operation).toMatchObject({ state: 'cancelled', warnings: [expect.stringContaining('somebody else had begun')] });
    expect((await theirs.ended(body.operation)).state).toBe('succeeded');
  });
});
