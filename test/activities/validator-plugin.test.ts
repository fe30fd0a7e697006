import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFolderRegistry } from '../../src/adapters/registries/folder.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import type { ValidatorPluginConfig } from '../../src/domain/validator-plugins.ts';
import { openValidation, openValidatorPlugins } from '../../src/validation.ts';
import { type ActivityLab, openActivityLab } from '../support/activity-lab.ts';
import { createRegistryFolder, type RegistryFolder } from '../support/registry-folder.ts';

/** What a validator of the operator's own does to installs. It is one that a hostile template can make go wrong. */

const PLUGIN = (version: string) => `
export const apiVersion = 1;
export const version = '${version}';
export async function scanTemplate({ name }) {
  if (name === 'exit') process.exit(0);
  if (name === 'throw') throw new Error('token of ' + name);
  if (name === 'odd') return {findings: [{id: 'odd', severity: 'critical', explanation: 'is odd', recommendation: 'Make it even.'}]};
  return {findings: []};
}
export async function validatePolicy({ name }, { denied }) {
  if (denied.includes(name)) throw Object.assign(new Error(name + ' is denied'), {code: 'policy_denied'});
}
`;
const NAMES = ['web', 'odd', 'denied', 'exit', 'throw'];

let templates: RegistryFolder;
let lab: ActivityLab;
let folder: string;
let module: string;
let plugins: ReturnType<typeof openValidatorPlugins>;
let looks = 0;
const failures: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chandlery-plugins-'));
  module = join(folder, 'house.mjs');
  await writeFile(module, PLUGIN('1'));
  templates = await createRegistryFolder(NAMES.map((name) => ({ name, version: '1.0.0' })));
  lab = await openActivityLab(createFolderRegistry({ name: 'main', type: 'community', directories: [templates.dir] }));
  const config: ValidatorPluginConfig = { name: 'house', kind: 'security', module, policy: { denied: ['denied'] } };
  plugins = openValidatorPlugins([config], ({ message }) => failures.push(message));
  lab.deps.validation = openValidation({ validators: plugins.validators });
  const { inspect } = lab.deps.archive;
  lab.deps.archive = {
    inspect: (...words) => {
      looks += 1;
      return inspect(...words);
    },
  };
}, 60_000);
afterAll(async () => {
  plugins?.close();
  await lab?.close();
  await templates?.remove();
  if (folder) await rm(folder, { recursive: true });
}, 60_000);

const installed = async (namespace: string) => (await lab.store.installs.list(LOCAL_CLUSTER, namespace)).length;

describe('an install', () => {
  it('is refused for what a validator plugin finds, and for the policy that is not met', async () => {
    await expect(lab.install('odd', 'odd')).rejects.toMatchObject({ type: 'scan_blocked' });
    await expect(lab.install('denied', 'denied')).rejects.toMatchObject({ type: 'scan_blocked' });
    expect([await installed('odd'), await installed('denied')]).toEqual([0, 0]);
  });

  it('attack: of a template that breaks a plugin fails by its name, closed, and takes nothing from the others', async () => {
    const [exit, thrown, fine] = await Promise.allSettled([
      lab.install('exit', 'exit'),
      lab.install('throw', 'throw'),
      lab.install('fine', 'web'),
    ]);
    const refusal = { type: 'scan_blocked', message: expect.stringContaining('the check plugin/house could not be made') };
    expect([exit, thrown]).toMatchObject([{ reason: refusal }, { reason: refusal }]);
    expect(String((thrown as PromiseRejectedResult).reason)).not.toContain('token');
    expect(failures).toContain('plugin/house: token of throw');
    expect(fine.status).toBe('fulfilled');
    expect([await installed('exit'), await installed('throw'), await installed('fine')]).toEqual([0, 0, 1]);
  });

  it('takes the verdict that was made, until the plugin is another one', async () => {
    looks = 0;
    await lab.install('again', 'web');
    expect(looks).toBe(0);
    await writeFile(module, PLUGIN('2'));
    await lab.install('newer', 'web');
    expect(looks).toBe(1);
  });

  it('is refused while the plugin cannot be loaded, also of what was let in before', async () => {
    await writeFile(module, 'export const = 1;');
    await expect(lab.install('unloaded', 'web')).rejects.toMatchObject({ type: 'scan_blocked' });
    expect(await installed('unloaded')).toBe(0);
  });
});
