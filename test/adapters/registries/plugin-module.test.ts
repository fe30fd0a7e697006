import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { createModuleRegistry, type ModuleRegistry } from '../../../src/adapters/registries/plugin-module.ts';
import { PACKAGE_ROOT } from '../../../src/config.ts';
import { digestOf } from '../../../src/domain/content-hash.ts';
import type { RegistryConfig } from '../../../src/domain/registries-config.ts';
import type { ListingProblem, TemplateSummary } from '../../../src/domain/registry.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';

const open: ModuleRegistry[] = [];
const dirs: string[] = [];
const failures: Error[] = [];

afterEach(async () => {
  for (const registry of open.splice(0)) await registry.close();
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
  failures.length = 0;
});

function load(module: string, more: Partial<RegistryConfig> = {}, callMs = 500): ModuleRegistry {
  const config = { name: 'own', kind: 'plugin', type: 'institutional', url: '', module, ...more } as const;
  const limits = { loadMs: 5_000, callMs };
  const registry = createModuleRegistry(config, { limits, onFailure: (error) => failures.push(error) });
  open.push(registry);
  return registry;
}

async function write(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-plugin-'));
  dirs.push(dir);
  await writeFile(join(dir, 'plugin.mjs'), text);
  return join(dir, 'plugin.mjs');
}

const SUMMARY = `{name: 'a', version: '1.0.0', description: '', tags: [], type: 'manifests', registry: 'official', registryType: 'official'}`;
const GOOD = `
export const apiVersion = 1;
export async function connect(config) { globalThis.config = config; return {}; }
export async function search() { return {templates: [${SUMMARY}], total: 1}; }
export async function getTemplate() { throw Object.assign(new Error('none'), {code: 'template_not_found', alternatives: ['a']}); }
`;
/** The good plugin with one function of its own. */
const plugin = async (text: string, more?: Partial<RegistryConfig>, callMs?: number) => {
  const [, name = ''] = /function\*? (\w+)/.exec(text) ?? [];
  const others = GOOD.split('\n').filter((line) => !line.includes(`function ${name}(`));
  return load(await write(`${others.join('\n')}\n${text}`), more, callMs);
};

async function listOf(registry: ModuleRegistry) {
  const problems: ListingProblem[] = [];
  const listing = await registry.list({ onProblem: (problem) => problems.push(problem) });
  const templates: TemplateSummary[] = [];
  if (!listing.unchanged) for await (const batch of listing.templates) templates.push(...batch);
  return { listing, templates, problems };
}

describe('the example', () => {
  it('is found, shown, listed and installed from', async () => {
    const registry = load(join(PACKAGE_ROOT, 'examples/registry-plugin/registry.mjs'));
    expect(await registry.connect()).toEqual({ credential: 'none' });
    expect(await registry.search({ q: 'louder' })).toMatchObject({
      total: 1,
      templates: [{ name: 'hello-config', version: '1.1.0', registry: 'own', registryType: 'institutional' }],
    });
    expect((await listOf(registry)).templates).toMatchObject([{ name: 'hello-config', version: '1.1.0' }]);
    const detail = await registry.getTemplate('hello-config', '1.0.0');
    expect(parseTemplate(JSON.stringify(detail.manifest))).toEqual(detail.manifest);
    const versions = await registry.listVersions('hello-config');
    expect(versions.map(({ version }) => version)).toEqual(['1.1.0', '1.0.0']);
    const { body } = await registry.openArchive('hello-config', '1.0.0');
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    expect([digestOf(Buffer.concat(chunks)), detail.digest]).toEqual([versions[1]?.digest, versions[1]?.digest]);
    const source = async function* () {
      yield* chunks;
    };
    const { files } = await createArchiveReader().inspect(source());
    expect(files.map(({ path }) => path)).toEqual(['manifests/hello.yaml', 'template.yaml']);
    await expect(registry.getTemplate('hello')).toFailWith('template_not_found');
    await expect(registry.getTemplate('hello-config', '9.0.0')).toFailWith('version_not_found');
    await expect(registry.openArchive('hello-config', '9.0.0')).toFailWith('version_not_found');
  });
});

describe('a module', () => {
  it.each([
    ['of no version', GOOD.replace('export const apiVersion = 1;', ''), 'apiVersion = 1'],
    ['of a later version', GOOD.replace('= 1;', '= 2;'), 'version 2'],
    ['without search', GOOD.replace('export async function search', 'async function search'), 'it lacks search'],
  ])('%s is no plugin', async (_what, text, said) => {
    const registry = load(await write(text));
    await expect(registry.search({})).toFailWith('config_invalid');
    await expect(registry.search({})).rejects.toThrow(said);
    expect(failures).toHaveLength(1);
  });

  it('that is not there, or is no program, fails its calls and nothing else', async () => {
    await expect(load('/nowhere/plugin.mjs').search({})).toFailWith('registry_invalid');
    const registry = load(await write('export const apiVersion = ;'));
    await expect(registry.search({})).toFailWith('registry_invalid');
    expect(failures).toHaveLength(2);
  });

  it('is given its configuration, and nothing of the environment', async () => {
    const registry = await plugin(
      `export async function search() { return {templates: [{...${SUMMARY}, description: JSON.stringify([globalThis.config, process.env])}], total: 1}; }`,
      { url: 'https://portal.example', credentials: { type: 'token', token: 'secret' } },
    );
    const { templates } = await registry.search({});
    expect(JSON.parse(templates[0]?.description ?? '')).toEqual([
      { name: 'own', type: 'institutional', url: 'https://portal.example', credentials: { type: 'token', token: 'secret' } },
      {},
    ]);
    expect(await registry.connect()).toEqual({ credential: 'token' });
  });

  it('cannot pass for another registry', async () => {
    const { templates } = await (await plugin('')).search({});
    expect(templates).toMatchObject([{ registry: 'own', registryType: 'institutional' }]);
  });
});

describe('a plugin that throws', () => {
  it('says in a word of the catalogue what is wrong', async () => {
    const registry = await plugin('');
    await expect(registry.getTemplate('b')).toFailWith('template_not_found');
    await expect(registry.getTemplate('b')).rejects.toMatchObject({ details: { registry: 'own', alternatives: ['a'] } });
    const limited = await plugin(
      `export async function search() { throw Object.assign(new Error('slow down'), {code: 'rate_limit', retryAfterMs: 5000}); }`,
    );
    await expect(limited.search({})).rejects.toMatchObject({ code: 'rate_limit', details: { retryAfterMs: 5000 } });
  });

  it.each([
    ['an error', 'throw new TypeError("x is not a function")'],
    ['a code that is not its to give', 'throw Object.assign(new Error("mine"), {code: "forbidden"})'],
    ['nothing', 'throw undefined'],
  ])('fails its own call with registry_invalid: %s', async (_what, statement) => {
    const registry = await plugin(`export async function search() { ${statement}; }`);
    await expect(registry.search({})).toFailWith('registry_invalid');
    await expect(registry.getTemplate('b')).toFailWith('template_not_found');
  });

  it('outside of a call loses its process, and gets a new one', async () => {
    const registry = await plugin(
      `let count = 0; export async function search() { if (process.pid && globalThis.config.name && count++ === 0) { setTimeout(() => { throw new Error('late'); }, 10); } return {templates: [], total: count}; }`,
    );
    expect((await registry.search({})).total).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await registry.search({})).total).toBe(1);
  });

  it('ends only itself with process.exit', async () => {
    const registry = await plugin('export async function search() { process.exit(3); }');
    await expect(registry.search({})).toFailWith('registry_unavailable');
    await expect(registry.getTemplate('b')).toFailWith('template_not_found');
  });
});

describe('a plugin that eats memory', () => {
  it.each([
    ['bit by bit', 'const all = []; for (;;) all.push({})'],
    ['in one piece', 'Array(3e7).fill(1.5).map((x) => ({ x }))'],
  ])(
    'ends only itself: %s',
    async (_how, text) => {
      const registry = await plugin(`export async function search() { ${text}; return {templates: [], total: 0}; }`, {}, 30_000);
      await expect(registry.search({})).rejects.toThrow('needed more than 256 MiB');
      await expect(registry.getTemplate('b')).toFailWith('template_not_found');
    },
    60_000,
  );
});

describe('a plugin that speaks out of turn', () => {
  it('is not heard', async () => {
    const registry = await plugin(
      `export async function search() {
        for (const said of [null, 7, 'x', {}, {id: 'a'}, {id: 1e9, value: 1}]) process.send(said);
        return {templates: [], total: 0};
      }`,
    );
    expect(await registry.search({})).toMatchObject({ total: 0 });
  });
});

describe('a plugin that hangs', () => {
  it('fails the one call after its time, and goes on with the others', async () => {
    const registry = await plugin('export async function search() { await new Promise(() => undefined); }');
    const [hanging, other] = await Promise.allSettled([registry.search({}), registry.getTemplate('b')]);
    expect(hanging).toMatchObject({
      reason: { code: 'registry_unavailable', message: expect.stringContaining('within 500 ms') },
    });
    expect(other).toMatchObject({ reason: { code: 'template_not_found' } });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await expect(registry.getTemplate('b')).toFailWith('template_not_found');
  });

  it('in a loop without end is stopped, and the server goes on', async () => {
    const registry = await plugin('export async function search() { for (;;); }');
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 20);
    await expect(registry.search({})).toFailWith('registry_unavailable');
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    // Until it is known that the process does not turn any more, calls wait for it.
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    await expect(registry.getTemplate('b')).toFailWith('template_not_found');
  });

  it('hears of an abort, which fails the call with its own reason', async () => {
    const registry = await plugin(
      `let aborted = 0; export async function search(filter, {signal}) { if (filter.q) return {templates: [], total: aborted}; await new Promise((resolve) => signal.addEventListener('abort', () => { aborted += 1; resolve(); })); }`,
    );
    // Its process is there before the call that is cut off: on a busy machine it takes longer than that call lives.
    expect((await registry.search({ q: 'how many' })).total).toBe(0);
    const stop = new AbortController();
    const call = registry.search({}, stop.signal);
    setTimeout(() => stop.abort(new Error('enough')), 200);
    await expect(call).rejects.toThrow('enough');
    expect((await registry.search({ q: 'how many' })).total).toBe(1);
  });
});

describe('a plugin that lies', () => {
  const detail = (more: string) =>
    `export async function getTemplate(name, version) { return {...${SUMMARY}, versions: ['1.0.0'], size: 1, manifest: {apiVersion: 'chandlery.dev/v1', kind: 'Template', metadata: {name: 'a', version: '1.0.0', description: ''}, spec: {type: 'manifests'}}, ${more}}; }`;

  it.each([
    ['a page that is none', 'export async function search() { return {templates: 7}; }'],
    ['nothing', 'export async function search() {}'],
    [
      'a name that is none',
      `export async function search() { return {templates: [{...${SUMMARY}, name: '../etc'}], total: 1}; }`,
    ],
    ['what cannot be handed on', 'export async function search() { return {templates: [() => 1], total: 1}; }'],
  ])('is refused: %s', async (_what, text) => {
    await expect((await plugin(text)).search({})).toFailWith('registry_invalid');
  });

  it('is refused when it answers another template than the one asked for', async () => {
    await expect((await plugin(detail(''))).getTemplate('b')).toFailWith('registry_invalid');
    await expect((await plugin(detail(''))).getTemplate('a', '2.0.0')).toFailWith('registry_invalid');
    await expect((await plugin(detail(''))).getTemplate('a', '1.0.0')).resolves.toMatchObject({ registry: 'own' });
  });

  it('is refused when it lists a version twice, and without a digest there is nothing to install', async () => {
    const entry = `{version: '1.0.0', digest: 'sha256:${'a'.repeat(64)}', size: 1, dependencies: []}`;
    await expect(
      (await plugin(`export async function listVersions() { return [${entry}, ${entry}]; }`)).listVersions('a'),
    ).toFailWith('registry_invalid');
    await expect((await plugin(detail(''))).listVersions('a')).toFailWith('registry_invalid');
    const [found] = await (await plugin(detail(`digest: 'sha256:${'b'.repeat(64)}'`))).listVersions('a');
    expect(found).toMatchObject({ version: '1.0.0', digest: `sha256:${'b'.repeat(64)}` });
  });

  it.each([
    ['that is missing', ''],
    [
      'of something else than bytes',
      `export async function openArchive() { return {body: (async function* () { yield 'text'; })()}; }`,
    ],
    ['that begins elsewhere', 'export async function openArchive() { return {offset: 5, body: new Uint8Array(1)}; }'],
    ['of no stream', 'export async function openArchive() { return {body: 7}; }'],
  ])('gives no archive %s', async (_what, text) => {
    const registry = await plugin(text);
    const read = async () => {
      const { body } = await registry.openArchive('a', '1.0.0');
      for await (const _chunk of body);
    };
    await expect(read()).toFailWith('registry_invalid');
  });
});

describe('a listing', () => {
  it('comes through the pages of search where there is no list, without the entries that are none', async () => {
    const registry = await plugin(
      `export async function search({cursor = '0', limit}) {
        const page = Number(cursor);
        const templates = Array.from({length: limit}, (_, at) => ({...${SUMMARY}, name: 't' + (page * limit + at)}));
        if (page === 1) templates[3] = {...templates[3], version: 'latest'};
        if (page === 2) templates[0] = {...templates[0], name: 't1'};
        return {templates, total: 300, ...(page < 2 && {nextCursor: String(page + 1)})};
      }`,
    );
    const { templates, problems } = await listOf(registry);
    expect([templates.length, new Set(templates.map(({ name }) => name)).size]).toEqual([298, 298]);
    expect(problems).toEqual([
      { subject: 'template "t103"', message: expect.stringContaining('version') },
      { subject: 'template "t1"', message: 'is listed twice' },
    ]);
  });

  it('whose pages go round in a circle fails', async () => {
    const registry = await plugin(
      `export async function search() { return {templates: [${SUMMARY}], total: 1, nextCursor: 'x'}; }`,
    );
    await expect(listOf(registry)).toFailWith('registry_invalid');
  });

  it('may be streamed, with a validator', async () => {
    const registry = await plugin(
      `export async function list({validator}) {
        if (validator === 'v1') return {unchanged: true};
        const templates = (async function* () { yield [${SUMMARY}]; yield [{...${SUMMARY}, name: 'b'}, 7]; })();
        return {unchanged: false, validator: 'v1', templates};
      }`,
    );
    const { listing, templates, problems } = await listOf(registry);
    expect(listing).toMatchObject({ unchanged: false, validator: 'v1' });
    expect(templates).toMatchObject([{ name: 'a', registry: 'own' }, { name: 'b' }]);
    expect(problems).toHaveLength(1);
    expect(await registry.list({ validator: 'v1' })).toEqual({ unchanged: true });
  });
});
