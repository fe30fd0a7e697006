import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../embedded/support/processes.ts';
import { freshNamespace, openShopLab, type ShopLab } from '../support/shop-lab.ts';

/** A worker with CHANDLERY_VALIDATORS, and with a LicencePolicy among its policies. */

const PLUGIN = `
export const apiVersion = 1;
export const version = '1.0.0';
export async function scanTemplate({ name }) {
  if (name === 'endless') for (;;);
  if (name === 'greedy') return Array(1e8).fill(1.5).map((x) => ({ x }));
  return { findings: name === 'odd' ? [{ id: 'odd', severity: 'critical', explanation: 'is odd', recommendation: 'Make it even.' }] : [] };
}
export async function validatePolicy() {}
`;
const VALIDATORS = 'validators:\n  - { name: house, kind: security, module: ./house.mjs }\n';
const LICENCES = 'apiVersion: chandlery.dev/v1\nkind: LicencePolicy\nmetadata: { name: a }\nspec: { deny: [AGPL-3.0-only] }\n';
const fixture = (name: string) => ({ name, version: '1.0.0' });

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let shop: ShopLab;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const policies = join(directory.path, 'policies');
  await mkdir(policies);
  await writeFile(join(policies, 'licences.yaml'), LICENCES);
  await writeFile(join(directory.path, 'house.mjs'), PLUGIN);
  const validators = join(directory.path, 'validators.yaml');
  await writeFile(validators, VALIDATORS);
  const copyleft = { ...fixture('copyleft'), license: 'AGPL-3.0-only' };
  const templates = [...['web', 'odd', 'endless', 'greedy'].map(fixture), copyleft];
  shop = await openShopLab({ templates, env: { CHANDLERY_VALIDATORS: validators, CHANDLERY_POLICIES: policies } });
  await shop.lab.startWorker();
}, 180_000);

afterAll(async () => {
  await shop?.close();
  await directory?.remove();
}, 60_000);

const install = async (name: string) => await shop.api.ended(await shop.api.install(freshNamespace(), name), 120_000);
const refused = (message: string) => ({
  state: 'failed',
  failure: { code: 'scan_blocked', message: expect.stringContaining(message) },
});

describe('a worker with a validator plugin', () => {
  it('lets in what the plugin has nothing against, and refuses what it finds', async () => {
    expect(await install('web')).toMatchObject({ state: 'succeeded' });
    expect(await install('odd')).toMatchObject(refused('plugin/house/odd'));
  }, 120_000);

  it('attack: goes on after templates on which the plugin hangs or fills its memory', async () => {
    const [endless, greedy] = await Promise.all([install('endless'), install('greedy')]);
    expect(endless).toMatchObject(refused('the check plugin/house could not be made: it gave no answer within'));
    expect(greedy).toMatchObject(refused('the check plugin/house could not be made: it'));
    expect(await install('web')).toMatchObject({ state: 'succeeded' });
  }, 240_000);
});

describe('a worker with a LicencePolicy', () => {
  it('refuses a template under a licence that is denied', async () => {
    expect(await install('copyleft')).toMatchObject(refused('licences/denied'));
  }, 120_000);
});
