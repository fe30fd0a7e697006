import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createFolderRegistry } from '../../src/adapters/registries/folder.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import { bookOf } from '../../src/domain/policy/book.ts';
import { parsePolicyFile } from '../../src/domain/policy/policy-file.ts';
import type { Validator } from '../../src/domain/validation.ts';
import { createValidationSet, VALIDATION } from '../../src/domain/validation-set.ts';
import { openValidation } from '../../src/validation.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';
import { createRegistryFolder, type RegistryFolder } from '../support/registry-folder.ts';

/** What the scan of an install looks for, and when it looks again. */

const KEY = ['AKIA', 'J5Q7W6ZLPUW3X2QA'].join('');
const SECRET = 'kind: Secret\nmetadata: {name: a}\nstringData: {a: hunter2}\n';

let folder: RegistryFolder;
let lab: ActivityLab;
let looks = 0;

beforeAll(async () => {
  folder = await createRegistryFolder([
    { name: 'web', version: '1.0.0' },
    { name: 'leaky', version: '1.0.0', files: { 'logo.bin': `\0\0 ${KEY} ` } },
    { name: 'careless', version: '1.0.0', files: { 'manifests/secret.yaml': SECRET } },
    { name: 'needy', version: '1.0.0', dependencies: [{ name: 'leaky', version: '^1.0.0' }] },
  ]);
  lab = await openActivityLab(createFolderRegistry({ name: 'main', type: 'community', directories: [folder.dir] }));
  const { inspect } = lab.deps.archive;
  lab.deps.archive = {
    inspect: (...words) => {
      looks += 1;
      return inspect(...words);
    },
  };
}, 60_000);
afterAll(async () => {
  await lab?.close();
  await folder?.remove();
}, 60_000);

beforeEach(() => {
  looks = 0;
  lab.deps.validation = openValidation();
});

const nothingIn = async (namespace: string) => expect(await lab.store.installs.list(LOCAL_CLUSTER, namespace)).toEqual([]);

describe('a verdict', () => {
  const doubter = (version: string): Validator => ({
    id: 'doubter',
    stage: 'security',
    covers: 'doubts',
    version,
    validate: async () => [],
  });
  const dataOf = (version: string): Validator => ({
    ...doubter('1'),
    data: async () => ({ version, words: `data of ${version}` }),
  });

  it('is made once for the same bytes and the same rules', async () => {
    await lab.install('one', 'web');
    expect(looks).toBe(1);
    await lab.install('two', 'web');
    expect(looks).toBe(1);
  });

  it.each([
    ['a validator more', [doubter('1')]],
    ['another version of a validator', [doubter('2')]],
    ['data that it looks things up in', [dataOf('monday')]],
    ['newer data', [dataOf('tuesday')]],
  ])('is made again with %s', async (what, validators) => {
    lab.deps.validation = createValidationSet({ validators });
    await lab.install(`again-${what.replaceAll(/[^a-z]/g, '-')}`, 'web');
    expect(looks).toBe(1);
    await lab.install(`still-${what.replaceAll(/[^a-z]/g, '-')}`, 'web');
    expect(looks).toBe(1);
  });

  it('holds score, findings and ruleset', async () => {
    lab.deps.validation = VALIDATION;
    const { record } = await lab.install('told', 'web');
    const found = await lab.store.scans.find(record.digest, VALIDATION.ruleset);
    expect(found?.judgement).toMatchObject({
      score: { total: expect.any(Number) },
      security: { counts: { critical: 0 } },
      complexity: 'simple',
      ruleset: VALIDATION.ruleset,
    });
  });
});

describe('attack: an archive with a secret', () => {
  it('is refused, in whatever file the key is, and nothing is installed', async () => {
    await expect(lab.install('leaks', 'leaky')).rejects.toMatchObject({ type: 'scan_blocked' });
    await nothingIn('leaks');
  });

  it('is removed from the store as it is refused, but not where somebody has it installed', async () => {
    const digestOf = async (name: string) => (await lab.deps.registries.default?.listVersions(name))?.[0]?.digest ?? '';
    expect(await lab.store.blobs.size(await digestOf('leaky'))).toBeUndefined();
    const engine = { evaluate: async () => [], check: () => undefined, close: async () => undefined } as never;
    await lab.install('kept', 'web');
    const text =
      'apiVersion: chandlery.dev/v1\nmetadata: { name: a }\nkind: RegistryPolicy\nspec: { types: [community], require: hash }\n';
    lab.deps.policies = { book: bookOf([parsePolicyFile(text, 'a.yaml', engine)]), engine };
    await expect(lab.install('refused', 'web')).rejects.toMatchObject({ type: 'policy_denied' });
    delete lab.deps.policies;
    expect(await lab.store.blobs.size(await digestOf('web'))).toBeGreaterThan(0);
  });

  it('is refused also as a dependency, by its name', async () => {
    const failure = await lab.install('needs', 'needy').catch((error: unknown) => error);
    expect(failure).toMatchObject({ type: 'scan_blocked', message: expect.stringContaining('leaky@1.0.0') });
    expect(String(failure)).not.toContain(KEY);
    await nothingIn('needs');
  });

  it('is refused from the verdict as from the first look', async () => {
    await expect(lab.install('leaks-again', 'leaky')).rejects.toMatchObject({ type: 'scan_blocked' });
    expect(looks).toBe(0);
  });

  it('is told as a warning where the policy lets it pass', async () => {
    const { warnings } = await lab.install('careless', 'careless');
    expect(warnings).toContainEqual('careless: 1 high finding of security');
  });
});

describe('attack: a scanner that does not work', () => {
  const broken = (validate: Validator['validate']): Validator => ({
    id: 'broken',
    stage: 'security',
    covers: 'x',
    version: String(validate),
    validate,
  });

  it('fails its own scan, by its name, and nothing is installed', async () => {
    lab.deps.validation = createValidationSet({ validators: [broken(async () => Promise.reject(new Error('no')))] });
    await expect(lab.install('broken', 'web')).rejects.toMatchObject({
      type: 'scan_blocked',
      message: expect.stringContaining('the check broken could not be made'),
    });
    await nothingIn('broken');
    lab.deps.validation = openValidation();
    expect((await lab.install('broken', 'web')).record.name).toBe('web');
  });

  it('fails the reading where it is fed while the archive is read', async () => {
    const stream = {
      id: 'torn',
      covers: 'x',
      wants: () => true,
      open: () => ({
        push: () => {
          throw new Error('no');
        },
        end: () => [],
      }),
    };
    lab.deps.validation = createValidationSet({ streams: [stream] });
    await expect(lab.install('torn', 'web')).rejects.toThrow();
    await nothingIn('torn');
  });
});
