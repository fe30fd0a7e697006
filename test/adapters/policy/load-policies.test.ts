import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createCelEngine } from '../../../src/adapters/policy/cel-engine.ts';
import { loadPolicies } from '../../../src/adapters/policy/load-policies.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { ENDLESS_PATTERN } from './support.ts';

const engine = createCelEngine();
let folder = '';
const folders: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policies-'));
  folders.push(folder);
});
afterAll(async () => {
  await engine.close();
  await Promise.all(folders.map((path) => rm(path, { recursive: true })));
});

const write = (name: string, text: string) => writeFile(join(folder, name), text);
const policy = (expression: string, name = 'names') => `apiVersion: chandlery.dev/v1
kind: Policy
metadata:
  name: ${name}
spec:
  validations:
    - name: short
      expression: ${expression}
      message: the name is too long
`;

async function failure(): Promise<ChandleryError> {
  const error = await loadPolicies(folder, engine).catch((thrown: unknown) => thrown);
  if (error instanceof ChandleryError && error.code === 'config_invalid') return error;
  throw new Error(`expected config_invalid, got ${String(error)}`);
}

describe('loadPolicies', () => {
  it('reads policies, registry policies and waivers, several in a file', async () => {
    await write(
      'all.yaml',
      `${policy('size(string(template.metadata.name)) < 20')}---
apiVersion: chandlery.dev/v1
kind: RegistryPolicy
metadata: { name: official }
spec: { types: [official], require: hash }
---
apiVersion: chandlery.dev/v1
kind: Waiver
metadata: { name: shop }
spec:
  { rule: policy/names/short, template: shop, owner: ann@example.org, reason: it was there before, expires: 2026-12-01 }
`,
    );
    const book = await loadPolicies(folder, engine);
    expect(book.rules.map(({ id, severity }) => [id, severity])).toEqual([['policy/names/short', 'high']]);
    expect(book.registryPolicies).toHaveLength(1);
    expect(book.waivers[0]?.expires).toBe(Date.parse('2026-12-01T00:00:00Z'));
  });

  it('gives other policies another digest', async () => {
    await write('a.yaml', policy('"true"'));
    const { digest } = await loadPolicies(folder, engine);
    await write('a.yaml', policy('"false"'));
    expect((await loadPolicies(folder, engine)).digest).not.toBe(digest);
  });

  it('fails where the folder is not there', async () => {
    await expect(loadPolicies(join(folder, 'nowhere'), engine)).toFailWith('config_invalid');
  });
});

describe('a policy that does not compile', () => {
  it('is told with file, line and column', async () => {
    await write('bad.yaml', policy('template.metadata.name == nam'));
    expect((await failure()).message).toContain(
      `${join(folder, 'bad.yaml')}:8:45: spec.validations.0.expression: does not compile: Unknown variable: nam`,
    );
  });

  it('is told with the line inside a block of several lines', async () => {
    await write('bad.yaml', policy('|\n        size(files) > 0 &&\n          objects.all(o, thing)'));
    expect((await failure()).details.issues).toMatchObject([{ line: 10, column: 26 }]);
  });

  it('is told in every expression at once, of variables and messages too', async () => {
    const text = policy('size(files)').replace('spec:\n', 'spec:\n  variables:\n    - { name: pods, expression: "pods(" }\n');
    await write('bad.yaml', `${text}      messageExpression: "1 + 1"\n`);
    expect((await failure()).details.issues).toHaveLength(3);
  });

  it.each([
    ['an unknown key', policy('"true"').replace('message:', 'mesage:'), 'mesage'],
    ['no message', policy('"true"').replace(/ {6}message.*\n/, ''), 'message'],
    ['another kind', policy('"true"').replace('kind: Policy', 'kind: Pod'), 'kind'],
    ['an unknown severity', `${policy('"true"')}      severity: bad\n`, 'severity'],
    ['broken YAML', 'kind: [Policy\n', ''],
    ['an expression that is no text', policy('[1]'), 'expression'],
  ])('so is %s', async (_what, text, where) => {
    await write('bad.yaml', text);
    const { message, details } = await failure();
    expect(message).toContain(`${join(folder, 'bad.yaml')}:`);
    expect(details.issues?.map(({ path }) => path).join()).toContain(where);
  });

  it('is refused with the same rule twice', async () => {
    await write('a.yaml', policy('"true"'));
    await write('b.yaml', policy('"true"'));
    expect((await failure()).message).toContain('two rules policy/names/short');
  });
});

describe('fixtures', () => {
  const example = (size: number) => `template: { metadata: { name: ${'x'.repeat(size)} } }`;
  const fixtures = (accepted: number, refused: number) =>
    `accepted:\n  - { name: short, ${example(accepted)} }\nrefused:\n  - { name: long, by: [names/short], ${example(refused)} }\n`;

  beforeEach(() => write('names.yaml', policy('size(string(template.metadata.name)) < 20')));

  it('that come out as they say let the policy through', async () => {
    await write('names.fixtures.yaml', fixtures(3, 30));
    expect((await loadPolicies(folder, engine)).rules).toHaveLength(1);
  });

  it('that are refused and should be accepted refuse the policy', async () => {
    await write('names.fixtures.yaml', fixtures(25, 30));
    expect((await failure()).message).toContain('accepts "short" no more');
  });

  it('that are accepted and should be refused refuse the policy', async () => {
    await write('names.fixtures.yaml', fixtures(3, 4));
    expect((await failure()).message).toContain('does not refuse "long"');
  });

  it('without a policy beside them are refused', async () => {
    await write('other.fixtures.yaml', fixtures(3, 30));
    expect((await failure()).message).toContain('has no policy file beside it');
  });

  it('of a policy that never ends are not waited for', async () => {
    await write('names.yaml', policy(`'${ENDLESS_PATTERN}'`));
    await write('names.fixtures.yaml', fixtures(3, 30));
    expect((await failure()).message).toContain('was cut off');
  });
});
