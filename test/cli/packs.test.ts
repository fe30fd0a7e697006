import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Face } from '../support/helmdeck-lab.ts';
import { HelmdeckLab, TOKEN } from '../support/helmdeck-lab.ts';
import { INDEX, packText } from '../support/pack-catalog.ts';
import { runCli } from './support/run-cli.ts';

/** `packs` of the real command against the real face, with a catalog on a real server. */

const MANIFEST = '/packs/cmd.upper/helmdeck-pack.yaml';
const lab = new HelmdeckLab();
let face: Face;

beforeAll(() => lab.open(), 120_000);
afterAll(() => lab.close(), 60_000);
beforeEach(async () => {
  await lab.begin({ '/index.yaml': INDEX, [MANIFEST]: packText('cmd.upper') });
  face = await lab.face();
  await face.ready();
});
afterEach(() => lab.end());

const packs = (...words: string[]) => runCli(['packs', ...words], { CHANDLERY_URL: face.url, CHANDLERY_TOKEN: TOKEN });

describe('packs', () => {
  it('lists what the catalog has, in a table, as names and as the body, without fetching it', async () => {
    expect(await packs()).toEqual({
      code: 0,
      stdout: [
        'NAME        VERSION   CATEGORY          AUTHOR      DESCRIPTION',
        'cmd.upper   v1        developer-tools   tosin2013   Uppercase a string.',
        'cmd.dated   2026.05   -                 tosin2013   With a date for a version.',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect((await packs('list', '-o', 'name')).stdout).toBe('cmd.upper\ncmd.dated\n');
    expect(JSON.parse((await packs('list', '-o', 'json')).stdout)).toEqual((await face.catalog()).body);
    expect(lab.upstream.asked).toEqual(['GET /index.yaml']);
  });

  it('says that there is none', async () => {
    lab.upstream.texts['/index.yaml'] = 'packs: []';
    await packs('refresh');
    expect(await packs()).toEqual({ code: 0, stdout: '', stderr: 'there is no pack\n' });
  });
});

describe('packs refresh', () => {
  it('fetches the catalog, and tells how much is in it', async () => {
    lab.upstream.texts['/index.yaml'] = INDEX.replaceAll('cmd.dated', 'cmd.later');
    expect(await packs('refresh')).toEqual({ code: 0, stdout: `${lab.upstream.url}/index.yaml: 2 packs\n`, stderr: '' });
    expect((await packs('-o', 'name')).stdout).toBe('cmd.upper\ncmd.later\n');
  });

  it('exits 7 when that fails; the one before is listed, with the reason', async () => {
    delete lab.upstream.texts['/index.yaml'];
    const { code, stderr } = await packs('refresh');
    expect([code, stderr]).toEqual([7, expect.stringContaining('code: marketplace_fetch_failed')]);
    const listed = await packs('-o', 'name');
    expect(listed).toMatchObject({ code: 0, stdout: 'cmd.upper\ncmd.dated\n' });
    expect(listed.stderr).toMatch(/^warning: the last refresh failed: .+; shown as it was \d+s ago\n$/);
  });
});

describe('packs show', () => {
  it('tells about one, and prints the whole manifest as YAML', async () => {
    const { code, stdout } = await packs('show', 'cmd.upper');
    expect([code, stdout.split('\n')]).toEqual([
      0,
      [
        'name      cmd.upper',
        'version   v1',
        'about     Uppercase a string.',
        'author    tosin2013',
        'category  developer-tools',
        'tags      example, string',
        'license   MIT',
        'path      packs/cmd.upper',
        'installs  12',
        'handler   command',
        'command   ./upper',
        'inputs    text',
        'outputs   text',
        '',
      ],
    ]);
    expect((await packs('show', 'cmd.upper', '-o', 'yaml')).stdout).toContain('timeout_s: 5');
    expect(JSON.parse((await packs('show', 'cmd.upper', '-o', 'json')).stdout)).toEqual((await face.pack('cmd.upper')).body);
  });

  it("tells where the manifest breaks the catalog's schema, and prints nothing that a terminal would obey", async () => {
    lab.upstream.texts[MANIFEST] = packText('cmd.upper')
      .replace('license: MIT', 'license: "a\\e[2Jb"')
      .replace('author: tosin2013\n', '');
    const { code, stdout, stderr } = await packs('show', 'cmd.upper');
    expect([code, stdout]).toEqual([0, expect.stringContaining('license   a [2Jb\n')]);
    expect(stderr).toMatch(/^warning: .*author/m);
  });

  it('exits 3 for a pack that is not there, 7 for one without a manifest, and says what to do', async () => {
    const missing = await packs('show', 'cmd.nothing');
    expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('List the packs with `chandlery packs`')]);
    const without = await packs('show', 'cmd.dated');
    expect([without.code, without.stderr]).toEqual([7, expect.stringContaining('code: manifest_fetch_failed')]);
  });
});

describe('a pack catalog that was not fetched', () => {
  it('exits 7 and says how it is fetched', async () => {
    delete lab.upstream.texts['/index.yaml'];
    face = await lab.face();
    await face.ready();
    const { code, stderr } = await packs();
    expect([code, stderr]).toEqual([7, expect.stringContaining('Fetch it with `chandlery packs refresh`')]);
  });
});
