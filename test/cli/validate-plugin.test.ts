import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { runCli } from './support/run-cli.ts';

const MANIFEST = `apiVersion: chandlery.dev/v1
kind: Template
metadata: {name: cache, version: 1.2.0, description: A cache., tags: [kv]}
spec:
  type: manifests
  content: {path: manifests}
`;

let folder: string;
let dir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chandlery-validate-'));
  dir = join(folder, 'template');
  await mkdir(join(dir, 'manifests'), { recursive: true });
  await writeFile(join(dir, 'manifests/all.yaml'), 'kind: ConfigMap\n');
  await writeFile(join(dir, 'template.yaml'), MANIFEST);
});

afterEach(() => rm(folder, { recursive: true }));

describe('validate --plugin', () => {
  const plugin = async (scan: string, name = 'House Rules.mjs') => {
    const path = join(folder, name);
    await writeFile(
      path,
      `export const apiVersion = 1; export const version = '1'; export async function scanTemplate(template) { ${scan} } export async function validatePolicy() {}`,
    );
    return path;
  };

  it('asks a validator of your own, too', async () => {
    const path = await plugin(
      "return {findings: [{id: 'odd', severity: 'critical', explanation: template.name + ' is odd', recommendation: 'Make it even.'}]};",
    );
    const { code, stdout, stderr } = await runCli(['validate', dir, '--plugin', path]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('template.yaml: cache is odd')]);
    expect(stdout).toMatch(/^template\.yaml:1: critical plugin\/house-rules\/odd: cache is odd\. Make it even\.$/m);
  });

  it('asks those of a file, with their policies', async () => {
    const file = join(PACKAGE_ROOT, 'examples/validator-plugin/validators.yaml');
    const { code, stdout } = await runCli(['validate', dir, '--plugin', file]);
    expect(code).toBe(0);
    expect(stdout).toContain('high plugin/house-rules/policy: none of its maintainers is of example.com');
    expect(stdout).toContain('info plugin/house-readme/no-support: ');
    const both = await runCli(['validate', dir, '--plugin', file, '--policies', join(PACKAGE_ROOT, 'policies')]);
    expect([both.code, both.stdout]).toEqual([0, expect.stringContaining('plugin/house-rules/policy')]);
  });

  it('fails when its check cannot be made, and says to its author why', async () => {
    const path = await plugin("throw new Error('I am broken');");
    const { code, stderr } = await runCli(['validate', dir, '--plugin', path]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('I am broken');
    expect(stderr).toMatch(/error: the check plugin\/\S+ could not be made: it threw an error/);
    await rm(path);
    const missing = await runCli(['validate', dir, '--plugin', path]);
    expect([missing.code, missing.stderr]).toEqual([expect.any(Number), expect.stringContaining('its module cannot be read')]);
  });
});

describe('validate --policies', () => {
  it("asks the folder's LicencePolicy with --policies", async () => {
    const policies = join(folder, 'policies');
    await mkdir(policies);
    const policy = 'apiVersion: chandlery.dev/v1\nkind: LicencePolicy\nmetadata: { name: a }\nspec: { allow: [MIT] }\n';
    await writeFile(join(policies, 'licences.yaml'), policy);
    const { stdout } = await runCli(['validate', dir, '--policies', policies]);
    expect(stdout).toContain('high licences/unknown: names no licence');
  });
});
