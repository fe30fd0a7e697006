import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readParameters, typedValue } from '../../src/cli/parameters.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    version: { type: 'string' },
    replicas: { type: 'integer' },
    spot: { type: 'boolean' },
    size: { enum: ['S', 'M'] },
    list: { type: 'array' },
    port: { type: ['integer', 'string'] },
    password: { $ref: '#/$defs/password' },
  },
  $defs: { password: { type: 'string', 'x-chandlery': { secret: true } } },
};
const schema = async () => SCHEMA;
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'chandlery-parameters-'));
  writeFileSync(join(dir, 'values.yaml'), 'replicas: 1\nversion: "2.0"\nlist: [a]\n');
  writeFileSync(join(dir, 'list.yaml'), '- a\n');
  writeFileSync(join(dir, 'secret'), '12345678\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('typedValue', () => {
  it.each([
    ['1.10', { type: 'string' }, '1.10'],
    ['true', { type: 'string' }, 'true'],
    ['', { type: 'string' }, ''],
    ['M', { enum: ['S', 'M'] }, 'M'],
    ['3', { type: 'integer' }, 3],
    ['3', { enum: [1, 2, 3] }, 3],
    ['three', { type: 'integer' }, 'three'],
    ['false', { type: 'boolean' }, false],
    ['http', { type: ['integer', 'string'] }, 'http'],
    ['80', { type: ['integer', 'string'] }, 80],
    ['1.5', { type: ['integer', 'string'] }, '1.5'],
    ['[a, 2]', { type: 'array' }, ['a', 2]],
    ['{"a": {"b": 1}}', { type: 'object' }, { a: { b: 1 } }],
    ['{broken', { type: 'object' }, '{broken'],
    ['1.10', {}, 1.1],
    ['text', {}, 'text'],
  ])('reads %j by %j', (text, of, value) => {
    expect(typedValue(text, of)).toEqual(value);
  });
});

describe('readParameters', () => {
  it('puts -p over files, and keeps secrets apart', async () => {
    const options = {
      file: [join(dir, 'values.yaml')],
      parameter: ['replicas=3', 'version=1.10', 'size=S'],
      setSecret: [`password=@${join(dir, 'secret')}`],
    };
    expect(await readParameters(options, schema)).toEqual({
      parameters: { replicas: 3, version: '1.10', list: ['a'], size: 'S' },
      secrets: { password: '12345678' },
    });
  });

  it('asks for the schema only where something is typed by it', async () => {
    const never = async () => {
      throw new Error('asked');
    };
    expect(await readParameters({ file: [join(dir, 'values.yaml')] }, never)).toMatchObject({ secrets: {} });
    await expect(readParameters({ parameter: ['a=1'] }, never)).rejects.toThrow('asked');
  });

  it.each([
    ['a parameter without a value', { parameter: ['replicas'] }, 'NAME=VALUE'],
    ['a secret on the command line', { setSecret: ['password=hunter2hunter2'] }, '@FILE'],
    ['a variable that is not set', { setSecret: ['password=env:NO_SUCH_VARIABLE_OF_OURS'] }, 'is not set'],
    ['two secrets from one stdin', { setSecret: ['a=-', 'b=-'] }, 'only one'],
    ['a file that is not there', { file: ['/nowhere/values.yaml'] }, 'cannot be read'],
  ])('refuses %s, and shows no value', async (_what, options, said) => {
    const failure = await readParameters(options, schema).catch((error: Error) => error);
    expect(failure).toMatchObject({ trouble: { exitCode: 2, message: expect.stringContaining(said) } });
    expect(JSON.stringify(failure)).not.toContain('hunter2');
  });

  it('refuses a file that holds something else than parameters', async () => {
    await expect(readParameters({ file: [join(dir, 'list.yaml')] }, schema)).rejects.toThrow('must hold parameters by name');
  });
});
