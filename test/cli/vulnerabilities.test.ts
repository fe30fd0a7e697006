import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { osvRecord, sourceOf, zipOf } from '../support/vulnerabilities.ts';
import { type Answer, FakeApi, json, problem } from './support/fake-api.ts';
import { runCli } from './support/run-cli.ts';

const ID = '00000000-0000-4000-8000-000000000001';
const IMPORTS = '/api/v1/vulnerabilities/imports';
const BEGIN = `POST ${IMPORTS}`;
const BATCH = (number: number) => `PUT ${IMPORTS}/${ID}/batches/${number}`;
const COMPLETE = `POST ${IMPORTS}/${ID}/complete`;
const begun = (next: number) => json({ import: { id: ID, next } }, 201);
const ALL = { [BEGIN]: begun(0), [BATCH(0)]: begun(1), [BATCH(1)]: begun(2), [COMPLETE]: json(sourceOf()) };
const RECORDS = Array.from({ length: 600 }, (_, at) => osvRecord(`GHSA-${at}`, `package-${at}`, '1.0.0'));
const LINES = `${RECORDS.map((record) => JSON.stringify(record)).join('\n')}\n`;
const FILES = Object.fromEntries(RECORDS.map((record) => [`${record.id}.json`, JSON.stringify(record)]));

let api: FakeApi | undefined;
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-osv-'));
});
afterEach(async () => {
  await api?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function run(answers: Record<string, Answer>, ...words: string[]) {
  await api?.stop();
  api = await new FakeApi(answers).start();
  return await runCli(['vulnerabilities', ...words], api.env);
}

async function importOf(name: string, bytes: Uint8Array | string, answers: Record<string, Answer> = ALL, ...more: string[]) {
  const file = join(dir, name);
  await writeFile(file, bytes);
  return await run(answers, 'import', file, ...more);
}

const sent = () => (api?.seen ?? []).map(({ method, path }) => `${method} ${path}`);
const bodyOf = (at: number) => JSON.parse(api?.seen[at]?.body ?? '{}') as Record<string, unknown>;

describe('vulnerabilities import', () => {
  it.each([
    ['a zip', 'npm.zip', zipOf({ ...FILES, 'README.txt': 'no record', 'directory/': '' })],
    ['JSON lines', 'npm.jsonl', LINES],
    ['JSON lines without a last line end', 'npm.jsonl', LINES.trimEnd()],
    ['gzipped JSON lines', 'npm.jsonl.gz', gzipSync(LINES)],
  ])('sends %s batch by batch', async (_what, name, bytes) => {
    const { code, stdout } = await importOf(name, bytes);
    expect([code, sent()]).toEqual([0, [BEGIN, BATCH(0), BATCH(1), COMPLETE]]);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    expect(bodyOf(0)).toEqual({ name: 'npm', file: name, digest });
    expect([bodyOf(1), bodyOf(2)].map(({ advisories }) => (advisories as unknown[]).length)).toEqual([500, 100]);
    expect(bodyOf(1).advisories).toContainEqual(
      expect.objectContaining({ id: 'GHSA-0', name: 'package-0', severity: 'critical' }),
    );
    expect(bodyOf(3)).toEqual({ batches: 2, entries: 600, allowSmaller: false });
    expect(stdout).toContain('npm: 1 advisories about npm');
  });

  it('goes on where an import of the same file stopped', async () => {
    const { code, stderr } = await importOf('npm.jsonl', LINES, { ...ALL, [BEGIN]: begun(1) });
    expect([code, sent()]).toEqual([0, [BEGIN, BATCH(1), COMPLETE]]);
    expect(stderr).toContain('at batch 1');
  });

  it('sends nothing of a file that is in use already', async () => {
    const { code, stderr } = await importOf('npm.jsonl', LINES, { [BEGIN]: json({ inUse: sourceOf() }) });
    expect([code, sent()]).toEqual([0, [BEGIN]]);
    expect(stderr).toContain('in use already');
  });

  const zip = zipOf(FILES);
  const flipped = Buffer.from(zip);
  flipped.writeUInt8(flipped.readUInt8(100) ^ 1, 100);
  it.each([
    ['a zip that was cut off', 'npm.zip', zip.subarray(0, zip.length - 1_000)],
    ['a zip without its last byte', 'npm.zip', zip.subarray(0, zip.length - 1)],
    ['a zip without its first bytes', 'npm.zip', zip.subarray(30)],
    ['a zip with one bit flipped', 'npm.zip', flipped],
    ['a gzip that was cut off', 'npm.jsonl.gz', gzipSync(LINES).subarray(0, -9)],
    ['JSON lines that were cut off', 'npm.jsonl', LINES.slice(0, -100)],
    ['records that are none', 'npm.jsonl', `${LINES}{"hello": 1}\n`],
    ['an empty file', 'npm.jsonl', ''],
    ['a page of HTML', 'npm.zip', '<html>not found</html>'],
  ])('refuses %s, and completes nothing', async (_what, name, bytes) => {
    const { code, stderr } = await importOf(name, bytes);
    expect([code, sent().includes(COMPLETE)]).toEqual([1, false]);
    expect(stderr).toContain('vulnerability_data_invalid');
    expect(stderr).toContain('what was in use before stays in use');
  });

  it('compares the digest that was promised before anything is sent', async () => {
    const { code } = await importOf('npm.jsonl', LINES, ALL, '--digest', `sha256:${'0'.repeat(64)}`);
    expect([code, sent()]).toEqual([1, []]);
  });

  it('wants a name for a file that everybody calls the same', async () => {
    const { code, stderr } = await importOf('all.zip', zip);
    expect([code, sent()]).toEqual([2, []]);
    expect(stderr).toContain('--name npm');
    await importOf('all.zip', zip, ALL, '--name', 'npm', '--smaller');
    expect(bodyOf(0)).toMatchObject({ name: 'npm', file: 'all.zip' });
    expect(bodyOf(3)).toMatchObject({ allowSmaller: true });
  });

  it('says what the server says', async () => {
    const { code, stderr } = await importOf('npm.jsonl', LINES, {
      ...ALL,
      [COMPLETE]: problem(422, 'vulnerability_data_invalid', { detail: 'less than half' }),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('less than half');
  });

  it('tells that there is no such file', async () => {
    expect((await run({}, 'import', join(dir, 'nothing.zip'))).code).toBe(3);
  });
});

describe('vulnerabilities status', () => {
  it('shows what there is and how old it is', async () => {
    const { stdout } = await run({ 'GET /api/v1/vulnerabilities': json({ sources: [sourceOf()] }) });
    expect(stdout).toMatch(/NAME\s+ECOSYSTEMS\s+ADVISORIES\s+AGE/);
    expect(stdout).toMatch(/npm\s+npm\s+1\s+/);
  });

  it('says so when there is nothing', async () => {
    const { stdout } = await run({ 'GET /api/v1/vulnerabilities': json({ sources: [] }) }, 'status');
    expect(stdout).toContain('no vulnerability data were imported');
  });
});
