import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { checkDeployable } from '../../activities/check-deployable.ts';
import { createScan } from '../../activities/scan.ts';
import { createCelEngine } from '../../src/adapters/policy/cel-engine.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { LockedTemplate } from '../../src/domain/lock.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import { bookOf } from '../../src/domain/policy/book.ts';
import { parsePolicyFile } from '../../src/domain/policy/policy-file.ts';
import type { RegistryPlugin, VersionEntry } from '../../src/domain/registry.ts';
import { MAX_FINDINGS, type Severity, type Validator } from '../../src/domain/validation.ts';
import { createValidationSet } from '../../src/domain/validation-set.ts';
import { startRegistryServer } from '../../src/registry.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';
import { createRegistryFolder, type RegistryFolder } from '../support/registry-folder.ts';
import { KindLab } from '../support/registry-kinds.ts';
import { fenced, operationOn } from '../support/stores.ts';

/** The policy as the steps of an install meet it, with a real registry, store and engine. */

const kinds = new KindLab();
const engine = createCelEngine();
let folder: RegistryFolder;
let server: Awaited<ReturnType<typeof startRegistryServer>>;
let lab: ActivityLab;
/** What the registry says of its versions; the real thing when nobody changes it. */
let listed: (versions: VersionEntry[]) => VersionEntry[] = (versions) => versions;
let dated: string | undefined;
let last = 0;

beforeAll(async () => {
  const role = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: secret-of-the-house}\n';
  folder = await createRegistryFolder([
    { name: 'shop', version: '1.0.0' },
    { name: 'shop', version: '1.1.0' },
    { name: 'odd', version: '1.0.0', files: { 'manifests/odd.yaml': role } },
  ]);
  server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'r', templatesDir: folder.dir });
  const real = kinds.open('chandlery', server.url);
  const registry = new Proxy(real, {
    get(target, member) {
      if (member === 'indexDate') return dated === undefined ? undefined : async () => dated;
      if (member !== 'listVersions')
        return typeof target[member as 'name'] === 'function'
          ? Reflect.get(target, member).bind(target)
          : Reflect.get(target, member);
      return async (name: string, signal?: AbortSignal) => listed(await target.listVersions(name, signal));
    },
  }) as RegistryPlugin;
  lab = await openActivityLab(registry);
}, 60_000);
afterAll(async () => {
  await engine.close();
  await lab?.close();
  await kinds.close();
  await server?.close();
  await folder?.remove();
}, 60_000);
beforeEach(() => {
  listed = (versions) => versions;
  dated = undefined;
  delete lab.deps.policies;
});

function policies(...documents: string[]): void {
  const head = 'apiVersion: chandlery.dev/v1\nmetadata: { name: test }\n';
  const text = documents.map((document) => `${head}${document}`).join('\n---\n');
  lab.deps.policies = { book: bookOf([parsePolicyFile(text, 'test.yaml', engine)]), engine };
}

const registryPolicy = (spec: string) =>
  `kind: RegistryPolicy\nspec: { types: [official, community, institutional, private], ${spec} }\n`;
const waiverOf = (rule: string, expires: string) =>
  `kind: Waiver\nspec: { rule: ${rule}, template: '*', owner: ann@example.org, reason: it is a test of ours, expires: ${expires} }\n`;
const HOUSE = `kind: Policy
spec:
  validations:
    - name: names
      expression: objects.all(o, !o.metadata.name.contains("secret"))
      message: names something secret
      severity: critical
`;
const namespace = () => {
  last += 1;
  return `team-${last}`;
};
const install = (name: string, range?: string, into = namespace()) => lab.install(into, name, range);

describe('the decision', () => {
  it('is stored with the install', async () => {
    policies(HOUSE, registryPolicy('minimumScore: 0'));
    const { record } = await install('shop');
    expect(record.decision).toMatchObject({ allowed: true, template: 'shop@1.1.0', digest: record.digest });
    expect(record.decision?.rules).toContainEqual(expect.objectContaining({ rule: 'policy/test/names', verdict: 'passed' }));
  });

  it('is there without any policy, too', async () => {
    expect((await install('shop')).record.decision).toMatchObject({ allowed: true });
  });

  it('is in the audit log, allowed and denied', async () => {
    policies(registryPolicy('require: hash'));
    const at = namespace();
    await expect(install('shop', undefined, at)).rejects.toMatchObject({ type: 'policy_denied' });
    const entries = await lab.store.auditLog.read({
      filter: { action: 'policy', object: `install/${LOCAL_CLUSTER}/${at}/` },
      order: 'newest',
      limit: 10,
    });
    expect(entries).toMatchObject([
      { outcome: 'denied', code: 'policy_denied', detail: { decisions: [{ template: 'shop@1.1.0', allowed: false }] } },
    ]);
  });
});

describe('a rule in CEL', () => {
  it('refuses what breaks it, by the objects in the archive, and installs nothing', async () => {
    policies(HOUSE);
    const at = namespace();
    await expect(install('odd', undefined, at)).rejects.toMatchObject({
      type: 'scan_blocked',
      message: expect.stringContaining('names something secret'),
    });
    expect(await lab.store.installs.list(LOCAL_CLUSTER, at)).toEqual([]);
  });

  it('lets it in again when the policy goes, although the archive was looked at before', async () => {
    expect((await install('odd')).record.name).toBe('odd');
  });

  it('lets in what is waived, until the waiver expires', async () => {
    policies(HOUSE, waiverOf('policy/test/names', '2999-01-01'));
    expect((await install('odd')).record.decision?.rules).toContainEqual(
      expect.objectContaining({ rule: 'policy/test/names', verdict: 'waived' }),
    );
    policies(HOUSE, waiverOf('policy/test/names', '2026-01-01'));
    await expect(install('odd')).rejects.toMatchObject({
      type: 'scan_blocked',
      message: expect.stringContaining('expired on 2026-01-01'),
    });
  });
});

describe('attack: one finding more than a verdict lists', () => {
  const crowd = (severity: Severity): Validator => ({
    id: 'crowd',
    stage: 'security',
    covers: 'a crowd',
    version: severity,
    validate: async () =>
      Array.from({ length: MAX_FINDINGS + 1 }, (_, at) => ({
        ...{ id: at < MAX_FINDINGS ? 'crowd/known' : 'crowd/other', severity, file: 'a.yaml', line: at + 1 },
        ...{ explanation: 'is one of many', recommendation: 'Have fewer.' },
      })),
  });
  afterEach(() => {
    delete lab.deps.validation;
  });

  it('is refused although every one that is listed is waived', async () => {
    lab.deps.validation = createValidationSet({ validators: [crowd('critical')] });
    policies(waiverOf('crowd/known', '2999-01-01'), waiverOf('maximum-severity', '2999-01-01'));
    const at = namespace();
    await expect(install('shop', undefined, at)).rejects.toMatchObject({
      type: 'scan_blocked',
      message: expect.stringContaining('1 more of severity critical, not listed'),
    });
    expect(await lab.store.installs.list(LOCAL_CLUSTER, at)).toEqual([]);
  });

  it('is counted in the decision where its severity is let in', async () => {
    lab.deps.validation = createValidationSet({ validators: [crowd('medium')] });
    expect((await install('shop')).record.decision?.more).toBeGreaterThan(0);
  });
});

describe('a replay', () => {
  /** Scans once more what an install has scanned, with its result to be kept. */
  async function replayed(name: string, root: string) {
    const effects = await lab.store.effects.listByRoot(root);
    const resultOf = (step: string) => effects.find(({ key }) => key.step === step);
    const { lock } = (resultOf('resolve-dependencies')?.result ?? {}) as { lock: { templates: LockedTemplate[] } };
    const context = await fenced(lab as never, operationOn(namespace(), name, { root, generation: 1 }), 'scan');
    const keep = resultOf('scan')?.resultDigest ?? '';
    const input = { templates: lock.templates, acceptUnsigned: true };
    const environment = new MockActivityEnvironment({ attempt: 1 }, { logger: new DefaultLogger('ERROR', () => undefined) });
    return environment.run(createScan(lab.deps), { context: { ...context, keep }, input });
  }
  const rootOf = ({ operation }: { operation: string }) => operation.split('.').at(-1) ?? '';

  it('goes by the policies and waivers of now, not by the decision that was made before', async () => {
    policies(HOUSE, waiverOf('policy/test/names', '2999-01-01'));
    const root = rootOf((await install('odd')).record);
    expect(await replayed('odd', root)).toMatchObject({ kept: false });
    policies(HOUSE, waiverOf('policy/test/names', '2026-01-01'));
    await expect(replayed('odd', root)).rejects.toMatchObject({
      type: 'scan_blocked',
      message: expect.stringContaining('expired on 2026-01-01'),
    });
  });

  it('is refused what a registry that is closed since had let in', async () => {
    const root = rootOf((await install('shop')).record);
    policies(registryPolicy('allow: false'));
    await expect(replayed('shop', root)).rejects.toMatchObject({ type: 'policy_denied' });
  });
});

describe('a registry policy', () => {
  it('refuses a downgrade', async () => {
    const at = namespace();
    await install('shop', undefined, at);
    policies(registryPolicy('refuseDowngrade: true'));
    await expect(install('shop', '1.0.0', at)).rejects.toMatchObject({ type: 'policy_denied' });
  });

  it('refuses a version that is too young by the time it was first seen', async () => {
    listed = (versions) => versions.map(({ publishedAt: _published, ...version }) => version);
    policies(registryPolicy('minimumReleaseAge: 1h'));
    await expect(install('shop')).rejects.toMatchObject({
      type: 'policy_denied',
      message: expect.stringContaining('minimum-release-age'),
    });
  });

  it('takes the age that the registry tells', async () => {
    listed = (versions) => versions.map((version) => ({ ...version, publishedAt: '2020-01-01T00:00:00Z' }));
    policies(registryPolicy('minimumReleaseAge: 1h'));
    expect((await install('shop')).record.version).toBe('1.1.0');
  });

  it('refuses everything of a registry that is not allowed', async () => {
    policies(registryPolicy('allow: false'));
    await expect(install('shop')).rejects.toMatchObject({ type: 'policy_denied' });
  });

  it('of what is installed already, refuses to deploy it once its registry is not allowed any more', async () => {
    const { record } = await install('shop');
    await expect(checkDeployable(lab.deps, undefined, [record])).resolves.toEqual([]);
    policies(registryPolicy('allow: false'));
    await expect(checkDeployable(lab.deps, undefined, [record])).toFailWith('policy_denied');
    const { registries } = lab.deps;
    const get = () => {
      throw new ChandleryError('registry_not_found', 'it was taken out of the configuration');
    };
    await expect(checkDeployable({ ...lab.deps, registries: { ...registries, get } }, undefined, [record])).resolves.toEqual([]);
  });

  it('of what is installed already, tells before it is deployed what was found in it since', async () => {
    const { record } = await install('shop');
    const finding = (id: string, severity: Severity) => ({
      ...{ id, severity, file: 'manifests/all.yaml', explanation: 'is new', recommendation: 'look at it' },
    });
    const findings = [finding('a/minor', 'medium'), finding('b/bad', 'high'), finding('c/worst', 'critical')];
    await lab.store.findings.record(record.digest, { ruleset: 'test', findings });
    expect(await checkDeployable(lab.deps, undefined, [record])).toEqual([
      `shop ${record.version} has 2 findings since it was looked at again, the worst critical: c/worst in manifests/all.yaml`,
    ]);
  });
});

describe('an index', () => {
  it('that went back behind what was seen is refused (rollback)', async () => {
    await install('shop');
    listed = (versions) => versions.filter(({ version }) => version === '1.0.0');
    await expect(install('shop')).rejects.toMatchObject({ type: 'index_refused', message: expect.stringContaining('1.1.0') });
  });

  it('with other bytes under a version is refused (mixed)', async () => {
    await install('shop');
    listed = (versions) => versions.map((version) => ({ ...version, digest: `sha256:${'0'.repeat(64)}` }));
    await expect(install('shop')).rejects.toMatchObject({
      type: 'index_refused',
      message: expect.stringContaining('index/changed-digest'),
    });
  });

  it('that is too old is refused (frozen)', async () => {
    dated = '2020-01-01T00:00:00Z';
    policies(registryPolicy('maximumIndexAge: 7d'));
    await expect(install('shop')).rejects.toMatchObject({
      type: 'index_refused',
      message: expect.stringContaining('index/frozen'),
    });
  });

  it('may lose a version that was yanked', async () => {
    listed = (versions) => versions.map((version) => ({ ...version, yanked: version.version === '1.0.0' }));
    await install('shop');
    listed = (versions) => versions.filter(({ version }) => version !== '1.0.0');
    expect((await install('shop')).record.version).toBe('1.1.0');
  });

  it('may lose one that somebody answers for, and is held to that from then on', async () => {
    await install('shop');
    policies(waiverOf('index/lost-versions', '2999-01-01'));
    listed = (versions) => versions.filter(({ version }) => version === '1.0.0');
    expect((await install('shop')).record.version).toBe('1.0.0');
    delete lab.deps.policies;
    expect((await install('shop')).record.version).toBe('1.0.0');
  });
});
