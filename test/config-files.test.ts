import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT, readConfig } from '../src/config.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chandlery-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

const VARIABLES = ['CHANDLERY_ROLE_BINDINGS', 'CHANDLERY_VALIDATORS'] as const;

describe('a file that the configuration names', () => {
  it.each(VARIABLES)('keeps a server from starting when it is not there: %s', (variable) => {
    const file = join(folder, 'nothing.yaml');
    expect(() => readConfig({ [variable]: file })).toFailWith('config_invalid');
    expect(() => readConfig({ [variable]: file })).toThrow(`${variable}: there is no file ${file}`);
  });

  it.each(VARIABLES)('keeps a server from starting when it is not right, with its place: %s', async (variable) => {
    const file = join(folder, 'wrong.yaml');
    await writeFile(file, 'bindings:\n  - 1\nvalidators:\n  - 1\n');
    expect(() => readConfig({ [variable]: file })).toThrow(/wrong\.yaml:\d+:\d+: /);
  });
});

describe('CHANDLERY_VALIDATORS', () => {
  it('names modules by paths from the folder of the file; without it there are none', () => {
    const example = join(PACKAGE_ROOT, 'examples/validator-plugin');
    const { validatorPlugins } = readConfig({ CHANDLERY_VALIDATORS: join(example, 'validators.yaml') });
    expect(validatorPlugins.map(({ name, kind, module }) => [name, kind, module])).toEqual([
      ['house-rules', 'security', join(example, 'house-rules.mjs')],
      ['house-readme', 'quality', join(example, 'house-rules.mjs')],
    ]);
    expect(readConfig({}).validatorPlugins).toEqual([]);
  });
});
