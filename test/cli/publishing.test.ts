import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { packTemplate } from '../../src/pack-template.ts';
import { manifestText } from '../support/registry-folder.ts';
import { type Answer, FakeApi, json, problem } from './support/fake-api.ts';
import { runCli } from './support/run-cli.ts';

let api: FakeApi | undefined;
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-publish-'));
});
afterEach(async () => {
  await api?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function cli(answers: Record<string, Answer>, ...words: string[]) {
  await api?.stop();
  api = await new FakeApi(answers).start();
  return await runCli(words, api.env);
}

const ACCEPTED = { operation: 'publish.local.local.shop.1', joined: false, name: 'shop', version: '1.0.0', digest: 'sha256:0' };
const POST = 'POST /api/v1/templates';

describe('publish', () => {
  it('sends a directory as one archive, the same whoever packs it', async () => {
    await writeFile(join(dir, 'template.yaml'), manifestText({ name: 'shop', version: '1.0.0' }));
    const { code, stdout } = await cli({ [POST]: json(ACCEPTED, 202) }, 'publish', dir, '--detach', '--registry', 'local');
    expect([code, stdout]).toEqual([0, `${ACCEPTED.operation}\n`]);
    const { headers, body, path } = api?.seen[0] ?? { headers: {}, body: '', path: '' };
    expect(path).toBe('/api/v1/templates?registry=local');
    expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(body).toContain('name="archive"');
    expect(body).toContain((await packTemplate(dir)).toString('utf8'));
  });

  it.each([
    [undefined, 'shop@1.0.0 to the server itself (local)'],
    ['local', 'shop@1.0.0 to the server itself (local)'],
    ['port', 'shop@1.0.0 to the registry port'],
  ])('says where it is published to: %s', async (registry, words) => {
    await writeFile(join(dir, 'shop.tar'), 'bytes');
    const answer = json({ ...ACCEPTED, ...(registry && { registry }) }, 202);
    const { stdout, stderr } = await cli({ [POST]: answer }, 'publish', join(dir, 'shop.tar'), '--detach');
    expect([stdout, stderr]).toEqual([`${ACCEPTED.operation}\n`, expect.stringContaining(words)]);
    expect(api?.seen[0]?.path).toBe('/api/v1/templates');
  });

  it('sends an archive as it is', async () => {
    const file = join(dir, 'shop.tar');
    await writeFile(file, 'whatever this is, the server decides');
    await cli({ [POST]: json(ACCEPTED, 202) }, 'publish', file, '--detach');
    expect(api?.seen[0]?.body).toContain('whatever this is, the server decides');
  });

  it('tells what is wrong with a directory before it is sent, with the line', async () => {
    await writeFile(join(dir, 'template.yaml'), 'apiVersion: chandlery.dev/v1\nkind: Nonsense\n');
    const { code, stderr } = await cli({}, 'publish', dir);
    expect(code).toBe(1);
    expect(stderr).toContain('template.yaml:');
    expect(stderr).toContain('code: template_invalid');
    expect(api?.seen).toEqual([]);
    expect((await cli({}, 'publish', join(dir, 'nothing'))).code).toBe(3);
    expect((await cli({}, 'publish', '/dev/null')).stderr).toContain('neither a directory nor a file');
  });

  it.each([
    ['not_owner', 403, 4, 'chandlery owners'],
    ['version_exists', 409, 5, 'new version'],
    ['registry_read_only', 403, 4, 'this server'],
    ['publish_rejected', 422, 1, 'Correct'],
  ])('exits with what %s means', async (word, status, exit, advice) => {
    await writeFile(join(dir, 'template.yaml'), manifestText({ name: 'shop', version: '1.0.0' }));
    const guidance = word === 'registry_read_only' ? { guidance: 'Publish to this server.' } : { guidance: 'Correct it.' };
    const { code, stderr } = await cli({ [POST]: problem(status, word, guidance) }, 'publish', dir);
    expect(code).toBe(exit);
    expect(stderr).toContain(`code: ${word}`);
    expect(stderr).toContain(advice);
  });
});

describe('yank and unyank', () => {
  const base = '/api/v1/templates/shop/versions/1.0.0';
  const yanked = { by: 'ann', reason: 'it leaks', at: '2026-01-01T00:00:00.000Z' };

  it('withdraw one version, and take that back', async () => {
    const answers = {
      [`POST ${base}/yank`]: json({ name: 'shop', version: '1.0.0', yanked }),
      [`POST ${base}/unyank`]: json({ name: 'shop', version: '1.0.0', yanked: null }),
    };
    const done = await cli(answers, 'yank', 'shop@1.0.0', '--reason', 'it leaks');
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('shop@1.0.0 is yanked')]);
    expect(JSON.parse(api?.seen[0]?.body ?? '')).toEqual({ reason: 'it leaks' });
    expect((await cli(answers, 'unyank', 'local/shop@1.0.0')).stdout).toBe('shop@1.0.0 is not yanked\n');
  });

  it('take one version only, and a reason', async () => {
    expect((await cli({}, 'yank', 'shop@^1.0.0', '--reason', 'x')).code).toBe(2);
    expect((await cli({}, 'yank', 'shop', '--reason', 'x')).code).toBe(2);
    expect((await cli({}, 'yank', 'charts/shop@1.0.0', '--reason', 'x')).stderr).toContain('of the server itself');
    expect((await cli({}, 'yank', 'shop@1.0.0')).code).toBe(2);
    expect(api?.seen).toEqual([]);
  });
});

describe('rate, ratings, owners and verified', () => {
  const path = '/api/v1/templates/shop';

  it('rate a template and tell what others say', async () => {
    const ratings = [{ user: 'ann', rating: 5, comment: 'sails well', at: '2026-01-01T00:00:00.000Z' }];
    const body = { name: 'shop', rating: 4.5, ratingCount: 2, ratings };
    const answers = { [`POST ${path}/ratings`]: json(body), [`GET ${path}/ratings`]: json(body) };
    expect((await cli(answers, 'rate', 'shop', '5', '--comment', 'sails well')).stdout).toBe('shop: 4.5 of 5, from 2 users\n');
    expect(JSON.parse(api?.seen[0]?.body ?? '')).toEqual({ rating: 5, comment: 'sails well' });
    const told = await cli(answers, 'ratings', 'shop');
    expect(told.stdout).toContain('sails well');
    expect(told.stderr).toContain('4.5 of 5');
    expect((await cli(answers, 'rate', 'shop', '6')).code).toBe(2);
  });

  it('list and change owners', async () => {
    const answers = {
      [`GET ${path}/owners`]: json({ name: 'shop', owners: ['ann', 'bob'] }),
      [`PUT ${path}/owners`]: json({ name: 'shop', owners: ['ann', 'cid'] }),
    };
    expect((await cli(answers, 'owners', 'shop')).stdout).toBe('ann\nbob\n');
    expect((await cli(answers, 'owners', 'shop', '--add', 'cid', '--remove', 'bob')).stdout).toBe('ann\ncid\n');
    expect(JSON.parse(api?.seen[1]?.body ?? '')).toEqual({ owners: ['ann', 'cid'] });
  });

  it('tell, set and remove the mark', async () => {
    const mark = { by: 'root', note: 'known to us', at: '2026-01-01T00:00:00.000Z' };
    const answers = {
      [`GET ${path}/verified`]: json({ name: 'shop', verified: null }),
      [`PUT ${path}/verified`]: json({ name: 'shop', verified: mark }),
      [`DELETE ${path}/verified`]: json({ name: 'shop', verified: null }),
    };
    expect((await cli(answers, 'verified', 'shop')).stdout).toBe('shop: nobody vouches for its owner\n');
    expect((await cli(answers, 'verified', 'shop', '--note', 'known to us')).stdout).toContain('root vouches');
    expect((await cli(answers, 'verified', 'shop', '--remove')).stdout).toContain('nobody vouches');
    expect((await cli(answers, 'verified', 'shop', '--remove', '--note', 'x')).code).toBe(2);
  });
});
