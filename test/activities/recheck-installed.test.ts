import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createListStaleInstalls, createRecheckInstalled } from '../../activities/recheck-installed.ts';
import { createFolderRegistry } from '../../src/adapters/registries/folder.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { Finding, ValidationSubject, Validator } from '../../src/domain/validation.ts';
import { PUBLISH_THRESHOLDS } from '../../src/domain/validation-score.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';
import { createRegistryFolder, manifestText, type RegistryFolder } from '../support/registry-folder.ts';

const QUIET = new DefaultLogger('ERROR', () => undefined);
const LIMIT = 50;

let folder: RegistryFolder;
let lab: ActivityLab;
let digest: string;
const seen: ValidationSubject[] = [];

beforeAll(async () => {
  folder = await createRegistryFolder([
    { name: 'old', version: '1.0.0', files: { 'README.md': '# Old', 'manifests/blob.bin': 'a\0b' } },
  ]);
  await folder.add({ name: 'forged', version: '1.0.0' });
  const manifest = JSON.parse(manifestText({ name: 'forged', version: '1.0.0' }));
  await folder.write('forged/1.0.0/template.yaml', JSON.stringify({ ...manifest, trust: { sha256: '0'.repeat(64) } }));
  lab = await openActivityLab(createFolderRegistry({ name: 'main', type: 'community', directories: [folder.dir] }));
  digest = (await lab.install('team-a', 'old')).record.digest;
  await lab.install('team-b', 'old');
}, 120_000);
afterAll(async () => {
  await lab?.close();
  await folder?.remove();
}, 60_000);

function validator(version: string, validate: () => Promise<Finding[]>): Validator {
  return {
    ...{ id: 'test', stage: 'security', covers: 'tests', version },
    validate: async (subject) => {
      seen.push(subject);
      return validate();
    },
  };
}

const finding = (line: number): Finding => ({
  ...{ id: 'test/bad', severity: 'high', file: 'manifests/config.yaml', line, explanation: 'bad', recommendation: 'fix' },
});

function depsOf(security: Validator, more: Partial<ActivityDeps> = {}): ActivityDeps {
  const quality: Validator = { ...security, id: 'quality', stage: 'quality', validate: async () => [finding(99)] };
  const ruleset = `rules/${security.version}`;
  const validation = { validators: [security, quality], streams: [], scorers: [], thresholds: PUBLISH_THRESHOLDS, ruleset };
  return { ...lab.deps, validation, ...more };
}

const run = <Input, Output>(activity: (input: Input) => Promise<Output>, input: Input) =>
  new MockActivityEnvironment({ attempt: 1 }, { logger: QUIET }).run(activity, input) as Promise<Output>;
const stale = (deps: ActivityDeps) => run(createListStaleInstalls(deps), LIMIT);
const recheck = (deps: ActivityDeps) => run(createRecheckInstalled(deps), { digest, template: 'old@1.0.0' });

describe('looking again at what is installed', () => {
  it('shows validators the archive as it is, once for all installs of it', async () => {
    const deps = depsOf(validator('1', async () => []));
    expect(await stale(deps)).toEqual([{ digest, template: 'old@1.0.0' }]);
    expect(await recheck(deps)).toEqual({ fresh: 0 });
    expect(await stale(deps)).toEqual([]);
    const [subject] = seen;
    expect(subject).toMatchObject({
      ...{ manifest: { metadata: { name: 'old' } }, archive: digest, readme: { path: 'README.md', text: '# Old' } },
      paths: ['README.md', 'manifests/blob.bin', 'manifests/config.yaml', 'template.yaml'],
    });
    expect(subject?.files.find(({ path }) => path === 'manifests/blob.bin')).toEqual({ path: 'manifests/blob.bin', size: 3 });
    expect(subject?.files.find(({ path }) => path === 'manifests/config.yaml')?.text).toContain('ConfigMap');
  });

  it('raises an event for what new rules find, once, and nothing for what is a matter of quality', async () => {
    const warned: unknown[] = [];
    const log = { ...lab.deps.log, warn: (fields: unknown) => void warned.push(fields) };
    const deps = depsOf(
      validator('2', async () => [finding(1)]),
      { log },
    );
    expect(await stale(deps)).toHaveLength(1);
    expect(await recheck(deps)).toEqual({ fresh: 1 });
    expect(await recheck(deps)).toEqual({ fresh: 0 });
    expect(warned).toEqual([{ digest, template: 'old@1.0.0', findings: 1, severity: 'high', finding: 'test/bad' }]);
    const events = await lab.store.findings.events({ limit: 10 });
    expect(events).toMatchObject([
      { type: 'finding.new', digest, finding: finding(1), installs: [{ namespace: 'team-a' }, { namespace: 'team-b' }] },
    ]);
  });

  it('writes down a look that fails, and keeps what was found before', async () => {
    const deps = depsOf(validator('3', () => Promise.reject(new Error('secret text of an archive'))));
    expect(await recheck(deps)).toEqual({ fresh: 0, failed: 'scan_blocked' });
    const look = (await lab.store.findings.of([digest])).get(digest);
    expect(look).toMatchObject({ check: { failure: { code: 'scan_blocked' } }, findings: [finding(1)] });
    expect(JSON.stringify(look)).not.toContain('secret text');
    expect(await stale(deps)).toEqual([]);
  });

  it('says which archive is not there any more', async () => {
    const deps = depsOf(validator('4', async () => []));
    const gone = { digest: `sha256:${'0'.repeat(64)}`, template: 'gone@1.0.0' };
    expect(await run(createRecheckInstalled(deps), gone)).toEqual({ fresh: 0, failed: 'not_found' });
  });

  it('is tried again while the store is away', async () => {
    const away = async () => {
      throw new ChandleryError('store_unavailable', 'away');
    };
    const store = { ...lab.store, findings: { ...lab.store.findings, record: away, stale: away } };
    const deps = depsOf(
      validator('5', async () => []),
      { store },
    );
    await expect(recheck(deps)).rejects.toMatchObject({ type: 'store_unavailable', nonRetryable: false });
    await expect(stale(deps)).rejects.toMatchObject({ type: 'store_unavailable', nonRetryable: false });
  });

  it('finds nothing again that a later look does not find', async () => {
    const deps = depsOf(validator('6', async () => []));
    expect(await recheck(deps)).toEqual({ fresh: 0 });
    expect((await lab.store.findings.of([digest])).get(digest)?.findings).toEqual([]);
    expect((await lab.store.findings.events({ limit: 1 }))[0]).toHaveProperty('goneAt');
  });
});

describe('a refused archive', () => {
  it('is in the audit log, once, with the reason', async () => {
    await expect(lab.install('team-a', 'forged')).rejects.toMatchObject({ type: 'untrusted' });
    const denied = await lab.store.auditLog.read({ filter: { outcome: 'denied' }, order: 'oldest', limit: 10 });
    expect(denied).toMatchObject([
      {
        ...{ action: 'admit', code: 'untrusted', object: 'install/local/team-a/forged', namespace: 'team-a' },
        detail: { rule: 'scan', template: 'forged@1.0.0', registry: 'main', message: expect.stringContaining('sha256 mismatch') },
      },
    ]);
  });
});
