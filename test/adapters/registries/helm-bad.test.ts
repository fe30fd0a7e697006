import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createHelmRegistry } from '../../../src/adapters/registries/helm.ts';
import type { RegistryConfig } from '../../../src/domain/registries-config.ts';
import type { RegistryPlugin } from '../../../src/domain/registry.ts';
import { type FileServer, serveFiles } from '../../support/chart-repository.ts';
import { listAll } from '../../support/listing.ts';

let files: FileServer;
let client: GuardedClient;
let registry: RegistryPlugin;

const plugin = (config: Partial<RegistryConfig> = {}) =>
  createHelmRegistry({ name: 'charts', kind: 'helm', type: 'community', url: files.url, ...config }, client);

const listed = (from: RegistryPlugin = registry, validator?: string) => listAll(from, validator);

const text = (body: string, contentType = 'text/yaml') => {
  files.override = (_request, response) => response.writeHead(200, { 'content-type': contentType }).end(body);
};
const entryOf = (name: string, more = '') =>
  `  ${name}:\n  - apiVersion: v2\n    name: ${name}\n    version: 1.0.0\n    digest: ${'a'.repeat(64)}\n    urls:\n    - ${name}.tgz\n${more}`;

beforeEach(async () => {
  // No folder: every answer is made up by the test.
  files = await serveFiles('/nowhere');
  client = createGuardedClient({ development: true, allow: [], timeouts: { headers: 2_000, bodyIdle: 2_000 } });
  registry = plugin();
});
afterEach(async () => {
  await client.close();
  await files.close();
});

describe('a Helm repository that is not as it should be', () => {
  it('keeps the neighbours of a malformed entry', async () => {
    text(
      `apiVersion: v1\nentries:\n${entryOf('a')}  broken:\n  - name: [\n    version: 1.0.0\n${entryOf('b')}generated: "2026-01-01T00:00:00Z"\n`,
    );
    const { templates, problems } = await listed();
    expect(templates.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(problems).toEqual([{ subject: 'broken (entry 1)', message: expect.stringContaining('not valid YAML') }]);
  });

  it('leaves out names, versions and entries that no template can have', async () => {
    const entry = entryOf('x');
    text(
      `entries:\n${entry.replaceAll('x', 'Bad_Name')}${entryOf('twice')}${entryOf('twice')}` +
        entryOf('odd').replace('1.0.0', 'one') +
        entryOf('bare').replace(/ {4}digest.*\n/, '') +
        entryOf('lost').replace(/ {4}urls:\n.*\n/, '') +
        `  empty: []\n  flow: {a: 1}\n${entryOf('good', '  - version: v1.0.0\n    digest: aa\n')}`,
    );
    const { templates, problems } = await listed();
    expect(templates.map(({ name }) => name)).toEqual(['twice', 'good']);
    const told = Object.fromEntries(problems.map(({ subject, message }) => [subject, message]));
    expect(told).toMatchObject({
      Bad_Name: expect.stringContaining('not the name'),
      twice: expect.stringContaining('twice'),
      'odd (entry 1)': expect.stringContaining('not a semantic version'),
      'bare (entry 1)': expect.stringContaining('no digest'),
      'lost (entry 1)': expect.stringContaining('no URL'),
      empty: 'has no versions',
      flow: expect.stringContaining('block form'),
      'good@1.0.0': expect.stringContaining('twice'),
    });
  });

  it.each([
    ['a web page', '<html></html>', 'text/html'],
    ['garbage', '\u0001\u0002 nothing', 'text/plain'],
    ['nothing', '', 'text/yaml'],
    ['a list', '- a\n- b\n', 'text/yaml'],
    ['entries as a list', 'entries:\n- a\n', 'text/yaml'],
    ['JSON that ends too early', '{"entries": {"a": [{"version": "1.0.0"', 'application/json'],
    ['JSON of another kind', '{"templates": []}', 'application/json'],
    ['ten thousand brackets', `{"entries": ${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 'application/json'],
  ])('fails with registry_invalid for %s', async (_what, body, type) => {
    text(body, type);
    await expect(registry.list()).toFailWith('registry_invalid');
    await expect(registry.connect()).toFailWith('registry_invalid');
  });

  it('survives an entry of ten thousand brackets and an alias bomb', async () => {
    const deep = `{"entries": {"deep": [{"version": "1.0.0", "x": ${'['.repeat(10_000)}${']'.repeat(10_000)}}], "fine": [{"version": "1.0.0", "digest": "${'a'.repeat(64)}", "urls": ["a.tgz"]}]}}`;
    text(deep, 'application/json');
    const json = await listed();
    expect(json.templates.map(({ name }) => name)).toEqual(['fine']);
    expect(json.problems[0]?.message).toContain('nested');
    const bomb = Array.from(
      { length: 20 },
      (_, at) =>
        `    a${at}: &a${at} [${Array(9)
          .fill(at === 0 ? 'x' : `*a${at - 1}`)
          .join(', ')}]`,
    ).join('\n');
    text(`entries:\n${entryOf('bomb', `${bomb}\n`)}${entryOf('fine')}`);
    const yaml = await listed(plugin());
    expect(yaml.templates.map(({ name }) => name)).toEqual(['fine']);
    expect(yaml.problems[0]?.subject).toContain('bomb');
  });

  it('fails with digest_mismatch when the archive to show is another one', async () => {
    text(`entries:\n${entryOf('a')}`);
    await expect(registry.getTemplate('a')).toFailWith('digest_mismatch');
  });

  it.each([
    ['oci://example.org/a', 'registry_invalid'],
    ['file:///etc/passwd', 'registry_invalid'],
    ['http://169.254.169.254/latest', 'outbound_denied'],
  ] as const)('does not follow the index to %s', async (url, code) => {
    text(`entries:\n${entryOf('a').replace('a.tgz', url)}`);
    await expect(registry.openArchive('a', '1.0.0')).toFailWith(code);
  });

  it('tells an archive that is not there', async () => {
    const index = `entries:\n${entryOf('a')}`;
    files.override = (request, response) =>
      request.url === '/index.yaml' ? response.writeHead(200).end(index) : response.writeHead(404).end();
    await expect(registry.openArchive('a', '1.0.0')).toFailWith('registry_invalid');
  });

  it('passes on that it is limited or away', async () => {
    files.override = (_request, response) => response.writeHead(429, { 'retry-after': '7' }).end();
    await expect(registry.connect()).rejects.toMatchObject({ code: 'rate_limit', details: { retryAfterMs: 7_000 } });
    files.override = (_request, response) => response.writeHead(503).end();
    await expect(registry.list()).toFailWith('registry_unavailable');
    await expect(plugin({ url: `${files.url}/nowhere` }).connect()).rejects.toBeDefined();
  });
});
