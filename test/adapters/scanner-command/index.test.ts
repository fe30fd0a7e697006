import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createScannerCommand, type ScannerCommand } from '../../../src/adapters/scanner-command/index.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import type { ValidationSubject } from '../../../src/domain/validation.ts';
import { manifestText } from '../../support/registry-folder.ts';

const TEXT = manifestText({ name: 'shop', version: '1.0.0' });
const LOCK = '{"lockfileVersion": 3, "packages": {}}';
const SUBJECT: ValidationSubject = {
  ...{ manifest: parseTemplate(TEXT), manifestText: TEXT, paths: ['web/package-lock.json'], contentHash: 'e'.repeat(64) },
  files: [
    { path: '../../escape/package-lock.json', size: 9, text: LOCK },
    { path: 'notes.txt', size: 3, text: 'abc' },
  ],
  trust: { verified: true, note: 'verified' },
};
const TRIVY = (dir: string) => ({
  Results: [
    {
      Target: `${dir}/list-0/package-lock.json`,
      Vulnerabilities: [
        { VulnerabilityID: 'CVE-1', PkgName: 'a', InstalledVersion: '1', FixedVersion: '2', Severity: 'HIGH', Title: 'breaks' },
      ],
    },
    { Target: 'nothing' },
  ],
});
const GRYPE = {
  matches: [
    {
      vulnerability: { id: 'GHSA-1', severity: 'Negligible' },
      artifact: { name: 'a', version: '1', locations: [{ path: '/list-0/package-lock.json' }] },
    },
    {
      vulnerability: { id: 'GHSA-2', severity: 'Whatever', fix: { versions: ['2', '3'] } },
      artifact: { name: 'b', version: '1' },
    },
  ],
};

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-scanner-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A real program of the user's own: a script that does what the test says with the directory it is given. */
async function scanner(script: string, more: Partial<ScannerCommand> = {}) {
  const file = join(dir, `scanner-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, `const dir = process.argv[2];\n${script}`);
  return createScannerCommand({
    format: 'trivy',
    command: [process.execPath, file, '{dir}'],
    env: { ONLY: 'this' },
    timeoutMs: 10_000,
    ...more,
  });
}
const print = (value: string) => `process.stdout.write(JSON.stringify(${value}));`;

describe("a user's own scanner", () => {
  it("of trivy's kind gives findings at the files of the archive", async () => {
    const { validate } = await scanner(
      `import { readFileSync } from 'node:fs'; readFileSync(dir + '/list-0/package-lock.json');\n${print(`(${TRIVY.toString()})(dir)`)}`,
    );
    expect(await validate(SUBJECT)).toEqual([
      {
        ...{ id: 'vulnerabilities-trivy/CVE-1', severity: 'high', file: '../../escape/package-lock.json' },
        explanation: 'a 1 has CVE-1: breaks (says trivy)',
        recommendation: 'Use a version of a with the fix: 2.',
      },
    ]);
  });

  it("of grype's kind too, and a word that is none of ours is not harmless", async () => {
    const { validate } = await scanner(print(JSON.stringify(GRYPE)), { format: 'grype' });
    expect((await validate(SUBJECT)).map(({ id, severity, file }) => [id, severity, file])).toEqual([
      ['vulnerabilities-grype/GHSA-1', 'info', '../../escape/package-lock.json'],
      ['vulnerabilities-grype/GHSA-2', 'medium', 'template.yaml'],
    ]);
  });

  it('sees the lists under names of ours, in a directory that is gone afterwards, and only the environment it was given', async () => {
    const seen = join(dir, 'seen.json');
    const { validate } = await scanner(
      `import { readdirSync, writeFileSync } from 'node:fs';
       writeFileSync(${JSON.stringify(seen)}, JSON.stringify({ dir, files: readdirSync(dir, { recursive: true }), env: Object.keys(process.env) }));
       process.stdout.write('{}');`,
    );
    expect(await validate(SUBJECT)).toEqual([]);
    const { readFile } = await import('node:fs/promises');
    const told = JSON.parse(await readFile(seen, 'utf8')) as { dir: string; files: string[]; env: string[] };
    expect(told.files.sort()).toEqual(['list-0', join('list-0', 'package-lock.json')]);
    expect(told.env).toEqual(['ONLY']);
    await expect(readdir(told.dir)).rejects.toThrow('ENOENT');
  });

  it('is not run for an archive without lists', async () => {
    const { validate } = await scanner('process.exit(1);');
    expect(await validate({ ...SUBJECT, files: [] })).toEqual([]);
  });

  it.each([
    ['fails', 'console.error("secret words"); process.exit(3);'],
    ['prints something else', 'console.log("all is well");'],
    ['prints another report', print('{ matches: 7, Results: 7 }')],
    ['prints without end', 'const line = "x".repeat(1 << 20); for (;;) process.stdout.write(line);'],
  ])('that %s fails with scan_blocked, and quotes nothing', async (_what, script) => {
    const failure = (await scanner(script)).validate(SUBJECT);
    await expect(failure).toFailWith('scan_blocked');
    await expect(failure).rejects.not.toThrow(/secret words/);
  });

  it('that never ends is ended, with its children', async () => {
    const { validate } = await scanner(
      `import { spawn } from 'node:child_process'; spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }); setInterval(() => {}, 1_000);`,
      { timeoutMs: 500 },
    );
    const begun = performance.now();
    await expect(validate(SUBJECT)).toFailWith('scan_blocked');
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  it('is ended when the caller gives up', async () => {
    const { validate } = await scanner('setInterval(() => {}, 1_000);');
    const caller = new AbortController();
    setTimeout(() => caller.abort(new Error('enough')), 100);
    await expect(validate(SUBJECT, caller.signal)).rejects.toThrow('enough');
  });

  it('that is not there fails with scan_blocked', async () => {
    await expect((await scanner('', { command: ['/nowhere/trivy', '{dir}'] })).validate(SUBJECT)).toFailWith('scan_blocked');
  });
});
