import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { MAIN } from '../cli/support/run-cli.ts';
import { readPage, sectionOf } from './support/pages.ts';

/** What docs/trust.md, docs/signatures.md and docs/policies.md print works as printed, without a server, in a clone. */

const COMMAND_MS = 60_000;
let clone: string;

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'chandlery-docs-'));
  for (const folder of ['samples', 'policies', 'examples']) symlinkSync(join(PACKAGE_ROOT, folder), join(clone, folder));
  mkdirSync(join(clone, 'bin'));
  const program = join(clone, 'bin', 'chandlery');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(program, 0o755);
});
afterAll(() => rmSync(clone, { recursive: true, force: true }));

/** Indented blocks, each line by itself. */
function blocksOf(text: string): string[][] {
  const blocks = text.split(/\n(?! {4})[^\n]*/).map((block) => block.split('\n').filter((line) => line.startsWith('    ')));
  return blocks.filter((lines) => lines.length > 0).map((lines) => lines.map((line) => line.slice(4)));
}

function run(command: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: `${join(clone, 'bin')}:${process.env.PATH ?? ''}`, HOME: clone };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', command], { cwd: clone, env, timeout: COMMAND_MS }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}

describe('docs/trust.md', () => {
  const [commands = [], output = []] = blocksOf(readPage('docs/trust.md'));

  it.each(commands)('%s', async (command) => {
    expect(await run(command)).toMatchObject({ code: 0, stderr: '' });
  });

  it('shows what the first command prints', async () => {
    const { stdout } = await run(commands[0] ?? '');
    const lines = stdout.split('\n');
    expect(output.length).toBeGreaterThan(5);
    expect(output.filter((line) => !lines.includes(line))).toEqual([]);
  });
});

describe('docs/signatures.md', () => {
  const page = readPage('docs/signatures.md');

  it('signs, and verifies what was signed', async () => {
    const [sign = []] = blocksOf(sectionOf(page, '## Sign'));
    const [verify = []] = blocksOf(sectionOf(page, '## Verify'));
    expect([sign.length, verify.length]).toEqual([3, 2]);
    for (const command of [...sign, ...verify]) expect([command, (await run(command)).code]).toEqual([command, 0]);
  });

  it('refuses what another asks for', async () => {
    const [, others = []] = blocksOf(sectionOf(page, '## Verify'));
    const [byIdentity = ''] = others.join('\n').split(/(?<!\\)\n/);
    expect(await run(byIdentity)).toMatchObject({ code: 1, stderr: expect.stringContaining('not signed by whom you ask for') });
  });
});

describe('docs/policies.md', () => {
  it('shows policies, fixtures and waivers that are valid', async () => {
    const [policy, fixtures, registry, licences, waiver, publish, ...others] = [
      ...readPage('docs/policies.md').matchAll(/```yaml\n([\s\S]*?)```/g),
    ].map(([, text]) => text ?? '');
    expect(others).toEqual([]);
    const folder = join(clone, 'shown');
    mkdirSync(folder);
    const files = {
      'house.yaml': policy,
      'house.fixtures.yaml': fixtures,
      'community.yaml': registry,
      'licences.yaml': licences,
      'waivers.yaml': waiver,
      'publish.yaml': publish,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text ?? '');
    expect(readdirSync(folder)).toHaveLength(6);
    const command = 'chandlery validate samples/registry/redis/7.2.5 --policies shown';
    expect(await run(command)).toMatchObject({ code: 0, stderr: '' });
  });

  it('waives a rule that there is', async () => {
    const [, rule] = /kind: Waiver[\s\S]*?\n {2}rule: (\S+)/.exec(readPage('docs/policies.md')) ?? [];
    const withKey = join(clone, 'with-key');
    cpSync(join(PACKAGE_ROOT, 'samples/registry/redis/7.2.5'), withKey, { recursive: true });
    const manifest = join(withKey, 'template.yaml');
    // Without its seal, which would be broken.
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^trust:\n(?: .*\n)*/m, ''));
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(join(withKey, 'debug.txt'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const { stdout } = await run('chandlery validate with-key -o json');
    expect(JSON.parse(stdout).findings.map(({ id }: { id: string }) => id)).toContain(rule);
  });
});
