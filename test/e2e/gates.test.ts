import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { DEFAULT_ARCHIVE_LIMITS } from '../../src/domain/archive.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import { STEPS } from '../../src/domain/operation.ts';
import { type RawEntry, rawTar, X } from '../adapters/archive/support.ts';
import { manifestText, type TemplateFixture } from '../support/registry-folder.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab, SHOP } from '../support/shop-lab.ts';

const needs = (...names: string[]) => names.map((name) => ({ name, version: '^1.0.0' }));
const sealed = '0'.repeat(64);
const BOMB_BYTES = 64 * 1024 * 1024;

/** An honest manifest beside a ready-made archive that is not what it says. */
interface Evil {
  name: string;
  what: string;
  archive: (manifest: RawEntry) => Buffer;
  ending?: 'tar' | 'tgz';
  code: ErrorCode;
  message: RegExp;
  details?: Record<string, unknown>;
}

const withEntry = (entry: RawEntry) => (manifest: RawEntry) => rawTar(manifest, entry);
const withManifest = (change: (template: Record<string, never>) => void) => (manifest: RawEntry) => {
  const template = JSON.parse(String(manifest.data));
  change(template);
  return rawTar({ name: 'template.yaml', data: Buffer.from(JSON.stringify(template, undefined, 2)) });
};

const EVIL: Evil[] = [
  {
    name: 'climbing',
    what: 'an archive with a path that climbs',
    archive: withEntry({ name: '../../etc/passwd', data: X }),
    code: 'archive_invalid',
    message: /"\.\.\/\.\.\/etc\/passwd".*climbs/,
  },
  {
    name: 'absolute',
    what: 'an archive with an absolute path',
    archive: withEntry({ name: '/etc/passwd', data: X }),
    code: 'archive_invalid',
    message: /"\/etc\/passwd".*absolute/,
  },
  {
    name: 'symbolic',
    what: 'an archive with a symbolic link',
    archive: withEntry({ name: 'link', type: '2', linkname: '/etc' }),
    code: 'archive_invalid',
    message: /"link".*symbolic link/,
  },
  {
    name: 'hard',
    what: 'an archive with a hard link',
    archive: withEntry({ name: 'link', type: '1', linkname: 'template.yaml' }),
    code: 'archive_invalid',
    message: /"link".*hard link/,
  },
  {
    name: 'bomb',
    what: 'a gzip of a thousand to one',
    archive: (manifest) => gzipSync(rawTar(manifest, { name: 'zeros', data: Buffer.alloc(BOMB_BYTES) }), { level: 9 }),
    ending: 'tgz',
    code: 'too_large',
    message: /unpacks to more than 200 times its size/,
  },
  {
    name: 'crowded',
    what: 'an archive with too many entries',
    archive: (manifest) =>
      rawTar(manifest, ...Array.from({ length: DEFAULT_ARCHIVE_LIMITS.maxEntries }, (_, at) => ({ name: `f${at}` }))),
    code: 'too_large',
    message: /10000 entries/,
  },
  {
    name: 'empty',
    what: 'an archive without a manifest',
    archive: () => rawTar({ name: 'readme', data: X }),
    code: 'template_invalid',
    message: /holds no template\.yaml/,
  },
  {
    name: 'unknown-key',
    what: 'a template with an unknown key',
    archive: withManifest((template) => Object.assign(template.spec as never, { colour: 'red' })),
    code: 'template_invalid',
    message: /unknown-key@1\.0\.0\/template\.yaml:\d+:\d+.*colour/,
    details: { issues: [expect.objectContaining({ line: expect.any(Number), column: expect.any(Number) })] },
  },
  {
    name: 'wrong-type',
    what: 'a template with a value of the wrong type',
    archive: withManifest((template) => Object.assign(template.metadata as never, { tags: 'cache' })),
    code: 'template_invalid',
    message: /wrong-type@1\.0\.0\/template\.yaml:\d+:\d+.*tags/,
  },
  {
    name: 'other-name',
    what: 'an archive that calls itself another name',
    archive: withManifest((template) => Object.assign(template.metadata as never, { name: 'something-else' })),
    code: 'untrusted',
    message: /calls itself something-else@1\.0\.0/,
  },
  {
    name: 'other-needs',
    what: 'an archive with other dependencies than were listed',
    archive: withManifest((template) => Object.assign(template.spec as never, { dependencies: needs('good') })),
    code: 'untrusted',
    message: /declares other dependencies/,
  },
];

const GRAPH: TemplateFixture[] = [
  { name: 'good', version: '1.0.0' },
  { name: 'base', version: '1.0.0' },
  { name: 'base', version: '2.0.0' },
  { name: 'left', version: '1.0.0', dependencies: [{ name: 'base', version: '^1.0.0' }] },
  { name: 'right', version: '1.0.0', dependencies: [{ name: 'base', version: '^2.0.0' }] },
  { name: 'both', version: '1.0.0', dependencies: needs('left', 'right') },
  { name: 'ring-a', version: '1.0.0', dependencies: needs('ring-b') },
  { name: 'ring-b', version: '1.0.0', dependencies: needs('ring-a') },
  { name: 'needy', version: '1.0.0', dependencies: needs('good', 'nowhere') },
  { name: 'corrupted', version: '1.0.0' },
];

let shop: ShopLab;
let db: pg.Client;

beforeAll(async () => {
  const carriers = [...EVIL.map(({ name }) => name), 'corrupted', 'broken-seal'].map((name) => ({
    name: `with-${name}`,
    version: '1.0.0',
    dependencies: needs('good', name),
  }));
  shop = await openShopLab({ templates: [...SHOP, ...GRAPH, ...carriers] });
  for (const { name, archive, ending = 'tar' } of EVIL) {
    const manifest = manifestText({ name, version: '1.0.0' });
    await shop.folder.write(`${name}/1.0.0.yaml`, manifest);
    await shop.folder.write(`${name}/1.0.0.${ending}`, archive({ name: 'template.yaml', data: Buffer.from(manifest) }));
  }
  const seal = {
    ...JSON.parse(manifestText({ name: 'broken-seal', version: '1.0.0' })),
    trust: { signed_by: 'ann', sha256: sealed },
  };
  await shop.folder.write('broken-seal/1.0.0/manifests/config.yaml', 'kind: ConfigMap\n');
  await shop.folder.write('broken-seal/1.0.0/template.yaml', JSON.stringify(seal));
  shop.registry.setFaults([{ kind: 'corrupt', path: '/templates/corrupted/archive', at: 600 }]);
  await shop.lab.startWorker();
  db = await shop.database();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

interface Refusal {
  step: string;
  code: ErrorCode;
  message: RegExp;
  details?: Record<string, unknown>;
}

/** Installs and expects the refusal, in words, once, with nothing of it installed. */
async function expectRefused(ref: string, { step, code, message, details }: Refusal): Promise<void> {
  const namespace = freshNamespace();
  const operation = await shop.api.ended(await shop.api.install(namespace, ref));
  expect(operation).toMatchObject({ state: 'failed', step, failure: { code, step, message: expect.stringMatching(message) } });
  expect(operation.failure?.guidance).toMatch(/^[A-Z].*\.$/);
  if (details) expect(operation.failure?.details).toMatchObject(details);
  const steps: readonly string[] = STEPS.install;
  expect(operation.steps.map(({ state }) => state)).toEqual(
    steps.map((_, at) => (at < steps.indexOf(step) ? 'succeeded' : at === steps.indexOf(step) ? 'failed' : 'skipped')),
  );
  // What is wrong stays wrong: it is not tried again.
  expect(operation.steps.find(({ name }) => name === step)).toMatchObject({
    attempt: 1,
    attempts: [{ attempt: 1, outcome: code }],
  });
  expect((await shop.api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs).toEqual([]);
  const effects = await db.query(`select step from effects where operation = $1 and step in ($2, 'install')`, [
    operation.id,
    step,
  ]);
  expect(effects.rows).toEqual([]);
}

/** Of the refused one nothing is left; `good`, which came along, may stay. */
async function expectNothingStored(name: string): Promise<void> {
  const { digest } = (await shop.api.get(`/api/v1/templates/${name}?registry=main`)).body;
  expect(digest).toMatch(/^sha256:/);
  expect((await db.query('select from blobs where digest = $1', [digest])).rowCount).toBe(0);
}

describe('an archive that is not what it should be', () => {
  it.concurrent.each(EVIL)('is refused, and its bytes are removed: $what', async ({ name, code, message, details }) => {
    await expectRefused(`with-${name}`, {
      step: 'scan',
      code,
      message,
      details: { registry: 'main', template: `${name}@1.0.0`, ...details },
    });
    await expectNothingStored(name);
  });

  it.concurrent('is refused, and its bytes are removed: a sealed hash that is another one', async () => {
    await expectRefused('with-broken-seal', {
      step: 'scan',
      code: 'untrusted',
      message: new RegExp(`broken-seal@1.0.0.*manifest says ${sealed}, computed [0-9a-f]{64}`),
      details: { template: 'broken-seal@1.0.0' },
    });
    await expectNothingStored('broken-seal');
  });

  it.concurrent('is refused: bytes that are not the promised ones, and none of them are kept', async () => {
    await expectRefused('with-corrupted', {
      step: 'download',
      code: 'digest_mismatch',
      message: /main promised sha256:[0-9a-f]{64} for corrupted@1\.0\.0 and sent sha256:[0-9a-f]{64}/,
      details: { registry: 'main', template: 'corrupted@1.0.0' },
    });
    const { digest } = (await shop.api.get('/api/v1/templates/corrupted?registry=main')).body;
    const { rows } = await db.query(
      'select (select count(*)::int from blobs where digest = $1) as blobs, (select count(*)::int from uploads where digest = $1) as uploads',
      [digest],
    );
    expect(rows).toEqual([{ blobs: 0, uploads: 0 }]);
  });
});

describe('a request that no set of templates meets', () => {
  const step = 'resolve-dependencies';
  it.concurrent.each<[string, string, Omit<Refusal, 'step'>]>([
    [
      'an unknown template',
      'shpo',
      { code: 'template_not_found', message: /no template "shpo"/, details: { template: 'shpo', alternatives: ['shop'] } },
    ],
    [
      'a version that does not exist',
      'shop@^9.0.0',
      { code: 'version_not_found', message: /\^9\.0\.0/, details: { template: 'shop' } },
    ],
    [
      'a conflict, naming both sides',
      'both',
      { code: 'dependency_conflict', message: /left.*base \^1\.0\.0[\s\S]*right.*base \^2\.0\.0/ },
    ],
    ['a circle, naming its members', 'ring-a', { code: 'dependency_cycle', message: /ring-a.*ring-b.*ring-a/ }],
    ['a dependency that does not exist', 'needy', { code: 'dependency_missing', message: /nowhere/ }],
  ])('is refused: %s', (_what, ref, refusal) => expectRefused(ref, { step, ...refusal }));

  it.concurrent('is refused: a registry that is not configured', () =>
    expectRefused('elsewhere/shop', { step: 'pre-validate', code: 'registry_not_found', message: /elsewhere/ }));

  it.concurrent('is not accepted: an item of a namespace source where there is no cluster', async () => {
    const answer = await shop.api.call('POST', '/api/v1/installs', {
      namespace: freshNamespace(),
      ref: 'source:team/partner/redis',
    });
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'cluster_unavailable', detail: expect.stringContaining('sources') },
    });
  });

  it.concurrent('is refused: what something installed does not bear', async () => {
    const namespace = freshNamespace();
    expect((await shop.api.ended(await shop.api.install(namespace, 'left'))).state).toBe('succeeded');
    const refused = await shop.api.ended(await shop.api.install(namespace, 'right'));
    expect(refused).toMatchObject({
      state: 'failed',
      failure: { code: 'dependency_conflict', message: expect.stringMatching(/left 1\.0\.0/) },
    });
    const { installs } = (await shop.api.get(`/api/v1/installs?namespace=${namespace}`)).body;
    expect(installs.map(({ name, version }: { name: string; version: string }) => `${name} ${version}`)).toEqual([
      'base 1.0.0',
      'left 1.0.0',
    ]);
  });
});
