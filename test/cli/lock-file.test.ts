import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Lock } from '../../src/domain/lock.ts';
import { lockFileOf } from '../../src/domain/lock-file.ts';
import type { OperationView } from '../../src/domain/operation.ts';
import { type Answer, FakeApi, json, problem } from './support/fake-api.ts';
import { ID, PATH, succeeded } from './support/operations.ts';
import { runCli } from './support/run-cli.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const LOCK: Lock = {
  root: 'shop',
  templates: [
    { registry: 'main', name: 'redis', version: '7.2.5', digest: DIGEST, size: 9, dependencies: [], requiredBy: [] },
    { registry: 'main', name: 'shop', version: '1.0.0', digest: DIGEST, size: 9, dependencies: ['redis'], requiredBy: [] },
  ],
};
const ACCEPTED = json({ operation: ID, joined: false, links: {} }, 202);

let api: FakeApi;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-lock-'));
});
afterEach(async () => {
  await api?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function serve(result: unknown, install: Answer = ACCEPTED): Promise<void> {
  const ended: OperationView = { ...succeeded(), result };
  const events: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`id: run:1\nevent: operation\ndata: ${JSON.stringify(ended)}\n\nevent: end\ndata: {}\n\n`);
  };
  api = await new FakeApi({ 'POST /api/v1/installs': install, [`GET ${PATH}/events`]: events }).start();
}

const sent = () => JSON.parse(api.seen[0]?.body ?? '') as Record<string, unknown>;

describe('install --lock-file', () => {
  it('writes down what was installed, and says so', async () => {
    await serve({ lock: LOCK });
    const { code, stderr } = await runCli(['install', 'shop', '--lock-file'], api.env, dir);
    expect([code, stderr]).toEqual([0, 'wrote chandlery.lock: 2 templates\n']);
    const text = await readFile(join(dir, 'chandlery.lock'), 'utf8');
    expect(JSON.parse(text)).toEqual(lockFileOf(LOCK));
    expect(text.endsWith('}\n')).toBe(true);
    expect(sent()).toEqual({ ref: 'shop', namespace: 'default' });
  });

  it('takes another name', async () => {
    await serve({ lock: LOCK });
    await runCli(['install', 'shop', '--lock-file', 'other.json'], api.env, dir);
    expect(JSON.parse(await readFile(join(dir, 'other.json'), 'utf8'))).toEqual(lockFileOf(LOCK));
  });

  it('is refused together with --detach, before anything is asked', async () => {
    await serve({ lock: LOCK });
    const { code, stderr } = await runCli(['install', 'shop', '--detach', '--lock-file'], api.env, dir);
    expect([code, api.seen]).toEqual([2, []]);
    expect(stderr).toContain('with --detach there is nothing to write into a lock file yet');
  });

  it('fails where it cannot write, and says that it is installed', async () => {
    await serve({ lock: LOCK });
    const { code, stderr } = await runCli(['install', 'shop', '--lock-file', 'no/such/place'], api.env, dir);
    expect(code).toBe(1);
    expect(stderr).toContain('installed, but no/such/place cannot be written');
  });
});

describe('install --locked', () => {
  it('sends what the file says, and leaves the file alone', async () => {
    const text = JSON.stringify(lockFileOf(LOCK));
    await writeFile(join(dir, 'chandlery.lock'), text);
    await serve({ lock: LOCK });
    const { code } = await runCli(['install', 'shop', '--locked', '-n', 'team-a'], api.env, dir);
    expect(code).toBe(0);
    expect(sent()).toEqual({ ref: 'shop', namespace: 'team-a', lock: lockFileOf(LOCK) });
    expect(await readFile(join(dir, 'chandlery.lock'), 'utf8')).toBe(text);
  });

  it('reads the file of that name', async () => {
    await writeFile(join(dir, 'other.json'), JSON.stringify(lockFileOf(LOCK)));
    await serve({ lock: LOCK });
    await runCli(['install', 'shop', '--locked', '--lock-file', 'other.json', '--detach'], api.env, dir);
    expect(sent()).toMatchObject({ lock: { root: 'shop' } });
  });

  it.each([
    ['is not there', undefined],
    ['is no lock file of version 1', '{"lockVersion": 2, "templates": []}'],
    ['is no lock file of version 1', 'null'],
    ['is no lock file of version 1', 'shop 1.0.0'],
  ])('exits 2 where the file %s (%j)', async (words, text) => {
    if (text !== undefined) await writeFile(join(dir, 'chandlery.lock'), text);
    await serve({ lock: LOCK });
    const { code, stderr } = await runCli(['install', 'shop', '--locked'], api.env, dir);
    expect([code, api.seen]).toEqual([2, []]);
    expect(stderr).toContain(`chandlery.lock ${words}`);
    expect(stderr).toContain('--lock-file');
  });

  it.each(['--prerelease', '--update-only=redis'])('does not go with %s', async (option) => {
    await serve({ lock: LOCK });
    const { code, stderr } = await runCli(['install', 'shop', '--locked', option], api.env, dir);
    expect(code).toBe(2);
    expect(stderr).toContain('cannot be used with');
  });

  it('exits 5 where the lock does not fit any more, and says what to do', async () => {
    await writeFile(join(dir, 'chandlery.lock'), JSON.stringify(lockFileOf(LOCK)));
    await serve({}, problem(409, 'lock_stale'));
    const { code, stderr } = await runCli(['install', 'shop', '--locked'], api.env, dir);
    expect(code).toBe(5);
    expect(stderr).toContain('Install without --locked, with --lock-file, to write the lock anew.');
  });
});

describe('install, of versions', () => {
  it('asks for pre-releases, and for some names only', async () => {
    await serve({ lock: LOCK });
    await runCli(['install', 'shop', '--prerelease', '--detach'], api.env, dir);
    expect(sent()).toEqual({ ref: 'shop', namespace: 'default', prerelease: true });
    await runCli(['install', 'shop', '--update-only', 'redis', '--update-only', 'web', '--detach'], api.env, dir);
    expect(JSON.parse(api.seen[1]?.body ?? '')).toEqual({ ref: 'shop', namespace: 'default', updateOnly: ['redis', 'web'] });
  });
});
