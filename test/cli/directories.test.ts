import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contentHash, sha256Hex } from '../../src/domain/content-hash.ts';
import type { FakeApi } from './support/fake-api.ts';
import { FakeApi as Api, json, problem } from './support/fake-api.ts';
import { runCli } from './support/run-cli.ts';

const MANIFEST = `apiVersion: chandlery.dev/v1
kind: Template
metadata: {name: cache, version: 1.2.0, description: A cache., tags: [kv]}
spec:
  type: manifests
  content: {path: manifests}
  images:
    app: {ref: "example.org/cache:1.2.0", digest: "sha256:${'a'.repeat(64)}"}
  dependencies: [{name: redis, version: ^7.0.0}]
  outputs: [{name: host, from: service}]
  parameters:
    type: object
    required: [host]
    properties:
      host: {type: string, description: Name of the host.}
      password: {type: string, x-chandlery: {generated: password, secret: true}}
      size: {enum: [S, M], default: S, x-chandlery: {immutable: true}}
`;
const CONTENT = 'kind: ConfigMap\n';
const HASH = contentHash([{ path: 'manifests/all.yaml', sha256: sha256Hex(Buffer.from(CONTENT)) }]);

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-template-'));
  await mkdir(join(dir, 'manifests'));
  await writeFile(join(dir, 'manifests/all.yaml'), CONTENT);
  await writeFile(join(dir, 'template.yaml'), MANIFEST);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

describe('show DIR -o json', () => {
  it('tells parameters, images, dependencies and outputs', async () => {
    const { code, stdout } = await runCli(['show', dir, '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'cache',
      version: '1.2.0',
      type: 'manifests',
      parameters: [
        { name: 'host', type: 'string', description: 'Name of the host.', required: true, secret: false, immutable: false },
        { name: 'password', type: 'string', required: false, secret: true, generated: 'password', immutable: false },
        { name: 'size', type: 'string', default: 'S', enum: ['S', 'M'], required: false, secret: false, immutable: true },
      ],
      images: [{ name: 'app', ref: 'example.org/cache:1.2.0', digest: `sha256:${'a'.repeat(64)}` }],
      objects: [],
      dependencies: [{ name: 'redis', version: '^7.0.0' }],
      outputs: [{ name: 'host', from: 'service', secret: false }],
    });
  });

  it('knows a directory by its template.yaml, or by how it is written', async () => {
    expect((await runCli(['show', 'manifests/..', '-o', 'name'], {}, dir)).stdout).toBe('cache@1.2.0\n');
    expect((await runCli(['show', '.', '-o', 'name'], {}, dir)).stdout).toBe('cache@1.2.0\n');
    const missing = await runCli(['show', './manifests'], {}, dir);
    expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('there is no template.yaml in ./manifests')]);
  });

  it('shows sections to people', async () => {
    const { stdout } = await runCli(['show', dir]);
    for (const title of ['parameters', 'images', 'dependencies', 'outputs', 'trust'])
      expect(stdout).toMatch(new RegExp(`^${title}$`, 'm'));
    expect(stdout).toMatch(/^ {2}password +string +- +secret, generated/m);
  });
});

describe('validate', () => {
  it('accepts a valid template and tells its content hash', async () => {
    const { code, stdout } = await runCli(['validate', dir]);
    expect(code).toBe(0);
    expect(stdout).toContain('cache@1.2.0 (manifests) is valid');
    expect(stdout).toContain(HASH);
  });

  it('accepts the seal that fits and refuses the one that does not, with its place', async () => {
    await writeFile(join(dir, 'template.yaml'), `${MANIFEST}trust: {sha256: ${HASH}}\n`);
    const sealed = JSON.parse((await runCli(['validate', dir, '-o', 'json'])).stdout);
    expect(sealed).toMatchObject({ valid: true, errors: [], contentHash: HASH, trust: { verified: true } });
    await writeFile(join(dir, 'manifests/all.yaml'), 'kind: Secret\n');
    const { code, stderr } = await runCli(['validate', dir]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${join(dir, 'template.yaml')}:${MANIFEST.split('\n').length}:17: /trust/sha256: sha256 mismatch`);
    expect(stderr).toContain('what to do: If you changed the files on purpose, write the computed hash into trust.sha256');
  });

  describe('the score', () => {
    const json = async (...options: string[]) => JSON.parse((await runCli(['validate', dir, '-o', 'json', ...options])).stdout);

    it('is told with every part, every lost point and every finding', async () => {
      const report = await json();
      expect(report).toMatchObject({
        valid: true,
        status: 'needs-review',
        complexity: 'simple',
        score: { total: expect.any(Number), parts: { security: { points: 99.9 }, metadata: { points: 25 } } },
        ruleset: expect.stringMatching(/^sha256:/),
      });
      expect(report.findings).toContainEqual(
        expect.objectContaining({ id: 'completeness/license', file: 'template.yaml', line: 3 }),
      );
      const { stdout } = await runCli(['validate', dir]);
      expect(stdout).toContain('\nscore 59 of 100, simple, needs-review: ');
      expect(stdout).toMatch(/^ {2}security +99\.9 x 0\.4$/m);
      expect(stdout).toMatch(/^ {4}-15 license: no licence is named that SPDX knows$/m);
    });

    it('decides by --min-score, with exit code 1 below it', async () => {
      const { score } = await json();
      expect((await runCli(['validate', dir, '--min-score', String(score.total)])).code).toBe(0);
      const { code, stderr } = await runCli(['validate', dir, '--min-score', '99']);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`the score is ${score.total}, at least 99 is asked for`)]);
      expect((await runCli(['validate', dir, '--min-score', 'much'])).code).toBe(2);
      expect((await runCli(['validate', dir, '--min-score', '101'])).code).toBe(2);
    });

    it('decides by --max-severity, with exit code 1 above it', async () => {
      await writeFile(join(dir, 'manifests/all.yaml'), 'kind: Secret\nstringData: {a: hunter2}\n');
      expect((await runCli(['validate', dir])).code).toBe(0);
      expect((await runCli(['validate', dir, '--max-severity', 'high'])).code).toBe(0);
      const { code, stderr } = await runCli(['validate', dir, '--max-severity', 'medium']);
      expect([code, stderr]).toEqual([1, expect.stringContaining('1 finding is worse than medium')]);
    });

    it('without a threshold, is not enough where publishing would reject', async () => {
      await writeFile(join(dir, 'manifests/all.yaml'), `# ${['AKIA', 'J5Q7W6ZLPUW3X2QA'].join('')}\nkind: ConfigMap\n`);
      const { code, stdout, stderr } = await runCli(['validate', dir]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('an access key of AWS')]);
      expect(stdout).toMatch(/^manifests\/all\.yaml:1: critical secrets\/\S+: looks like/m);
      expect(stdout + stderr).not.toContain('J5Q7W6ZLPUW3X2QA');
      expect((await runCli(['validate', dir, '--max-severity', 'critical'])).code).toBe(0);
    });

    it('with a threshold that is met, is still not enough where publishing would reject', async () => {
      await writeFile(join(dir, 'manifests/all.yaml'), `# ${['AKIA', 'J5Q7W6ZLPUW3X2QA'].join('')}\nkind: ConfigMap\n`);
      for (const threshold of [
        ['--min-score', '1'],
        ['--max-severity', 'high'],
        ['--min-score', '1', '--max-severity', 'high'],
      ]) {
        const { code, stderr } = await runCli(['validate', dir, ...threshold]);
        expect([code, stderr]).toEqual([1, expect.stringContaining('an access key of AWS')]);
      }
    });
  });

  it('names every problem with file, line and column, and exits 1', async () => {
    await writeFile(
      join(dir, 'template.yaml'),
      MANIFEST.replace('version: 1.2.0', 'verison: 1.2.0').replace('type: manifests', 'type: manifest'),
    );
    const { code, stderr } = await runCli(['validate', dir]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/template\.yaml:3:25: .*unknown key "verison": did you mean "version"\?/);
    expect(stderr).toContain('template.yaml:5:9: ');
    expect(stderr).toMatch(/error: .* is not valid: \d+ problems/);
  });

  it('keeps the shape of its JSON when nothing is valid', async () => {
    await writeFile(join(dir, 'template.yaml'), 'a: [\n');
    const { code, stdout } = await runCli(['validate', dir, '-o', 'json']);
    expect(code).toBe(1);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ valid: false, parameters: [], images: [], objects: [] });
    expect(report.errors[0]).toMatchObject({
      file: join(dir, 'template.yaml'),
      line: expect.any(Number),
      message: expect.any(String),
    });
  });

  it('refuses a link, as packing would', async () => {
    await symlink('/etc/hostname', join(dir, 'manifests/link'));
    const { code, stderr } = await runCli(['validate', dir]);
    expect(code).toBe(1);
    expect(stderr).toContain('manifests/link:1:1: is neither a file nor a directory');
  });

  it('points to the version below when the directory is one too high', async () => {
    const above = await mkdtemp(join(tmpdir(), 'chandlery-above-'));
    await mkdir(join(above, '1.2.0'));
    await writeFile(join(above, '1.2.0/template.yaml'), await readFile(join(dir, 'template.yaml')));
    const { code, stderr } = await runCli(['validate', above]);
    expect(code).toBe(3);
    expect(stderr).toContain(`did you mean ${join(above, '1.2.0')}?`);
    await rm(above, { recursive: true });
  });
});

describe('show NAME', () => {
  let api: FakeApi;
  afterEach(async () => await api.stop());
  const manifest = {
    apiVersion: 'chandlery.dev/v1',
    kind: 'Template',
    metadata: { name: 'redis', version: '7.2.5', description: 'A store' },
    spec: { type: 'workload' },
  };
  const detail = {
    name: 'redis',
    version: '7.2.5',
    description: 'A store',
    tags: [],
    type: 'workload',
    registry: 'demo',
    registryType: 'official',
    digest: 'sha256:x',
    size: 5120,
    versions: ['7.2.5', '6.2.14'],
    manifest,
  };

  it('has the same shape as for a directory', async () => {
    api = await new Api({ 'GET /api/v1/templates/redis': json(detail) }).start();
    const { stdout } = await runCli(['show', 'demo/redis@7.2.5', '-o', 'json'], api.env);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'redis',
      registry: 'demo',
      versions: ['7.2.5', '6.2.14'],
      parameters: [],
      images: [],
      objects: [],
      trust: { verified: null },
    });
    expect(api.seen[0]?.path).toBe('/api/v1/templates/redis?registry=demo&version=7.2.5');
  });

  it('takes the newest version that fits a range', async () => {
    api = await new Api({ 'GET /api/v1/templates/redis': json(detail) }).start();
    await runCli(['show', 'redis@^6.0.0'], api.env);
    expect(api.seen.map(({ path }) => path)).toEqual(['/api/v1/templates/redis', '/api/v1/templates/redis?version=6.2.14']);
    const none = await runCli(['show', 'redis@^9'], api.env);
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('did you mean 7.2.5, 6.2.14?')]);
  });

  it('exits 3 with what was probably meant', async () => {
    api = await new Api({
      'GET /api/v1/templates/redi': problem(404, 'template_not_found', { alternatives: ['redis'] }),
    }).start();
    const { code, stderr } = await runCli(['show', 'redi'], api.env);
    expect([code, stderr]).toEqual([3, expect.stringContaining('did you mean redis?')]);
  });
});
