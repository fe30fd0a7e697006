import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type FaceOptions, HelmdeckLab } from '../support/helmdeck-lab.ts';
import { packText } from '../support/pack-catalog.ts';

/** Lines of the pack catalog's contract, each as it stands there, that the tests of the endpoints beside do not hold already. */

const lab = new HelmdeckLab();

beforeAll(() => lab.open(), 120_000);
afterAll(() => lab.close(), 60_000);
beforeEach(() => lab.begin({}));
afterEach(() => lab.end());

const ENTRY = '- {name: cmd.a, version: v1, path: packs/cmd.a, description: A pack of the test, author: someone}\n';

async function catalogOf(index: string, options: FaceOptions = {}) {
  lab.upstream.texts['/index.yaml'] = index;
  const face = await lab.face(options);
  const { status, body } = await face.ready();
  return { face, status, body };
}

describe('the contract of the pack catalog', () => {
  it.each([
    ['1.10', '1.10'],
    ['2026.05', '2026.05'],
    ['0x10', '0x10'],
    ['1e3', '1e3'],
    ['007', '007'],
    ['true', 'true'],
    ['"v1"', 'v1'],
  ])('scalars are text: version %s comes out as it is written', async (written, told) => {
    const { body } = await catalogOf(
      `catalog_version: ${written}\npacks:\n- {name: cmd.a, version: ${written}, path: p, description: A pack, author: 1.10}\n`,
    );
    expect(body.index).toMatchObject({ catalog_version: told, packs: [{ version: told, author: '1.10' }] });
  });

  it('empty members are left out, unknown ones ignored, and a time that is not given is not invented', async () => {
    const entry = `${ENTRY.trimEnd().slice(0, -1)}, category: "", tags: [], installs: 0, stars: 3, sha: x, more: {a: 1}}\n`;
    const { body } = await catalogOf(`other: 1\npacks:\n${entry}`);
    expect(Object.keys(body)).toEqual(['index', 'meta']);
    expect(body.index.packs).toHaveLength(1);
    const [pack] = body.index.packs;
    expect(pack).toMatchObject({ name: 'cmd.a', version: 'v1', path: 'packs/cmd.a', author: 'someone', stars: 3 });
    for (const absent of ['category', 'tags', 'sha', 'more']) expect(pack).not.toHaveProperty(absent);
    expect(body.index).not.toHaveProperty('updated_at');
    expect(Object.keys(body.meta).sort()).toEqual(['fetched_at', 'resolved_url', 'source']);
  });

  it('a time that is given is passed on', async () => {
    const { body } = await catalogOf(`updated_at: 2026-05-01T10:00:00Z\npacks: []\n`);
    expect(body.index).toEqual({ updated_at: '2026-05-01T10:00:00Z', packs: [] });
  });

  it.each([
    ['more than 4 MiB', `packs:\n${ENTRY.repeat(45_000)}`],
    ['10,000 levels', `packs: ${'['.repeat(10_000)}`],
    ['no text', '\u0000\u0001'],
    ['a web page', '<html><body>'],
  ])('an index of %s is a failure of the refresh, and the old one stays', async (_what, text) => {
    const { face } = await catalogOf(`packs:\n${ENTRY}`);
    lab.upstream.texts['/index.yaml'] = text;
    expect(await face.refresh()).toMatchObject({ status: 502, body: { error: 'marketplace_fetch_failed' } });
    const { status, body } = await face.catalog();
    expect([status, body.index.packs.length, typeof body.meta.last_error]).toEqual([200, 1, 'string']);
  });

  it('https is asked for unless it is allowed otherwise', async () => {
    const { status, body, face } = await catalogOf(`packs: []\n`, { development: false });
    expect([status, body.error]).toEqual([503, 'marketplace_not_ready']);
    expect(await face.refresh()).toMatchObject({ status: 502, body: { message: expect.stringContaining('may not be called') } });
    expect(lab.upstream.asked).toEqual([]);
  });

  it('the manifest is the YAML under its own names, fetched at that moment, whether or not it could be installed', async () => {
    const { face } = await catalogOf(`packs:\n${ENTRY}`);
    const path = '/packs/cmd.a/helmdeck-pack.yaml';
    for (const type of ['builtin', 'wasm', 'composite']) {
      lab.upstream.texts[path] = packText('cmd.a').replace('type: command', `type: ${type}`);
      const { status, body } = await face.pack('cmd.a');
      expect([status, Object.keys(body).filter((member) => member !== 'warnings')]).toEqual([200, ['entry', 'manifest']]);
      expect(body.entry).toMatchObject({ name: 'cmd.a', version: 'v1' });
      expect(body.manifest).toMatchObject({ handler: { type }, input_schema: {}, output_schema: {} });
    }
    expect(lab.upstream.asked.filter((line) => line === `GET ${path}`)).toHaveLength(3);
  });
});
