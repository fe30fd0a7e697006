import { afterEach, describe, expect, it } from '@jest/globals';
import { type Answer, FakeApi, json, problem } from './support/fake-api.ts';
import { runCli } from './support/run-cli.ts';

let api: FakeApi;

async function serve(answers: Record<string, Answer>): Promise<void> {
  api = await new FakeApi(answers).start();
}
afterEach(() => api?.stop());

const found = {
  name: 'redis',
  version: '7.2.5',
  description: 'A key-value store',
  tags: [],
  type: 'workload',
  category: 'database',
  registry: 'main',
  registryType: 'private',
};
const page = (more: Record<string, unknown> = {}) => ({
  templates: [found],
  total: 1,
  partial: false,
  errors: [],
  stale: [],
  ...more,
});

describe('search', () => {
  it('asks for what every option says', async () => {
    await serve({ 'GET /api/v1/search': json(page()) });
    const options = ['--registry', 'a', '--registry', 'b', '--registry-type', 'official', '--license', 'MIT'];
    const { code } = await runCli(
      ['search', 'x', ...options, '--verified', '--sort', 'rating', '--min-rating', '3.5', '--facets'],
      api.env,
    );
    expect(code).toBe(0);
    const { searchParams } = new URL(api.seen[0]?.path ?? '', api.url);
    expect([...searchParams]).toEqual([
      ['registry', 'a'],
      ['registry', 'b'],
      ['registryType', 'official'],
      ['license', 'MIT'],
      ['sort', 'rating'],
      ['minRating', '3.5'],
      ['verified', 'true'],
      ['facets', 'true'],
      ['q', 'x'],
    ]);
  });

  it('shows the counts, where equal bytes also are, and whose owner was proven', async () => {
    const facets = {
      category: [{ value: 'database', count: 12 }],
      registry: [],
      type: [],
      registryType: [],
      verified: [],
      license: [],
    };
    await serve({ 'GET /api/v1/search': json(page({ templates: [{ ...found, verified: true, alsoIn: ['far'] }], facets })) });
    const { stdout } = await runCli(['search', '--facets'], api.env);
    expect(stdout).toMatch(/^redis ✓ .* main,far +A key-value store$/m);
    expect(stdout).toMatch(/^category {2}database 12$/m);
  });

  it('tells how old the list of a registry is that did not answer', async () => {
    const errors = [{ registry: 'main', code: 'registry_unavailable', message: 'no answer' }];
    await serve({
      'GET /api/v1/search': json(page({ partial: true, errors, stale: [{ registry: 'main', ageSeconds: 1_200 }] })),
    });
    const { code, stderr } = await runCli(['search'], api.env);
    expect([code, stderr]).toEqual([0, 'warning: registry main did not answer: no answer; shown as it was 20m00s ago\n']);
  });

  it('proposes what is near when nothing was found', async () => {
    await serve({
      'GET /api/v1/search': json(page({ templates: [], total: 0, suggestions: [{ registry: 'main', name: 'redis' }] })),
    });
    const { stderr } = await runCli(['search', 'rdis'], api.env);
    expect(stderr).toBe('no template found\ndid you mean main/redis?\n');
  });
});

describe('search --min-rating', () => {
  it.each(['5.1', '-1', 'good', ''])('refuses %j', async (text) => {
    expect(await runCli(['search', `--min-rating=${text}`])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a number from 0 to 5'),
    });
  });
});

describe.each([
  ['search', ['search', 'x'], '/api/v1/search?q=x'],
  ['browse --category', ['browse', '--category', 'database'], '/api/v1/search?category=database&sort=name'],
])('the pages of %s', (_what, words, asked) => {
  const templates = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ ...found, name }));
  /** Pages of two, as an API that goes on by cursor has them. */
  const inPages: Answer = (request, response) => {
    const at = Number(new URL(request.path, 'http://any').searchParams.get('cursor') ?? 0);
    const next = at + 2 < templates.length ? { nextCursor: String(at + 2) } : {};
    const trouble = at === 2 ? { partial: true, errors: [{ registry: 'far', code: 'network', message: 'broke off' }] } : {};
    json(page({ templates: templates.slice(at, at + 2), total: templates.length, ...next, ...trouble }))(request, response);
  };

  it('lead on by the cursor that is told, to the last', async () => {
    await serve({ 'GET /api/v1/search': inPages });
    const first = await runCli([...words, '--limit', '2', '-o', 'name'], api.env);
    expect([first.stdout, first.stderr]).toEqual([
      'a\nb\n',
      '2 of 5 templates; go on with --cursor 2, or see every one with --all\n',
    ]);
    expect(api.seen[0]?.path).toBe(`${asked}&limit=2`);
    const last = await runCli([...words, '--limit', '2', '--cursor', '4', '-o', 'name'], api.env);
    expect([last.stdout, last.stderr]).toEqual(['e\n', '1 of 5 templates; these are the last\n']);
    expect(api.seen[1]?.path).toBe(`${asked}&limit=2&cursor=4`);
  });

  it('are one with --all, which tells what did not answer on any of them', async () => {
    await serve({ 'GET /api/v1/search': inPages });
    const { code, stdout, stderr } = await runCli([...words, '--all', '-o', 'json'], api.env);
    const whole = JSON.parse(stdout) as { templates: Array<{ name: string }> };
    expect(whole.templates.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(whole).toMatchObject({ total: 5, partial: true, errors: [{ registry: 'far' }] });
    expect(whole).not.toHaveProperty('nextCursor');
    expect([code, stderr]).toEqual([0, 'warning: registry far did not answer: broke off\n']);
    expect(api.seen.map(({ path }) => path)).toEqual(
      ['', '&cursor=2', '&cursor=4'].map((cursor) => `${asked}&limit=100${cursor}`),
    );
  });

  it.each(['--limit', '--cursor'])('are not --all and %s at once', async (option) => {
    expect(await runCli([...words, '--all', option, '3'])).toMatchObject({ code: 2 });
  });
});

describe('a template that users have rated', () => {
  it('has its rating in the table, and by how many', async () => {
    const rated = [
      { ...found, rating: 4.5, ratingCount: 12 },
      { ...found, name: 'web', rating: 3 },
    ];
    await serve({ 'GET /api/v1/search': json(page({ templates: rated, total: 2 })) });
    const { stdout } = await runCli(['search'], api.env);
    expect(stdout).toMatch(/^NAME .* CATEGORY +RATING +REGISTRY /);
    expect(stdout).toMatch(/^redis .* database +4\.5 \(12\) +main /m);
    expect(stdout).toMatch(/^web .* database +3 +main /m);
  });
});

describe('browse', () => {
  const errors = [{ registry: 'far', code: 'registry_unavailable', message: 'no answer' }];

  it('tells of a registry that did not answer, and exits 7 where that left nothing', async () => {
    const trouble = { partial: true, errors, stale: [] };
    await serve({
      'GET /api/v1/categories': json({ categories: [{ name: 'database', count: 3 }], ...trouble }),
      'GET /api/v1/search': json(page({ templates: [], total: 0, ...trouble })),
    });
    const some = await runCli(['browse'], api.env);
    expect(some).toMatchObject({ code: 0, stderr: 'warning: registry far did not answer: no answer\n' });
    expect((await runCli(['browse', '--category', 'database'], api.env)).code).toBe(7);
    await api.stop();
    await serve({ 'GET /api/v1/categories': json({ categories: [], ...trouble }) });
    expect((await runCli(['browse'], api.env)).code).toBe(7);
    await api.stop();
    await serve({ 'GET /api/v1/categories': json({ categories: [], partial: false, errors: [], stale: [] }) });
    expect(await runCli(['browse'], api.env)).toMatchObject({ code: 0, stderr: 'no template has a category\n' });
  });

  it.each([['--all'], ['--limit', '5'], ['--cursor', 'x']])('has pages of a category only: %s', async (...option) => {
    expect(await runCli(['browse', ...option])).toMatchObject({ code: 2, stderr: expect.stringContaining('need --category') });
  });

  it('counts the categories, or lists the templates of one', async () => {
    await serve({
      'GET /api/v1/categories': json({ categories: [{ name: 'database', count: 3 }] }),
      'GET /api/v1/search': json(page()),
    });
    expect((await runCli(['marketplace', 'browse'], api.env)).stdout).toBe('CATEGORY   TEMPLATES\ndatabase   3\n');
    expect((await runCli(['browse', '--category', 'database', '-o', 'name'], api.env)).stdout).toBe('redis\n');
    expect(api.seen[1]?.path).toBe('/api/v1/search?category=database&sort=name&limit=100');
  });
});

describe('show', () => {
  it('tells when its registry could not be asked', async () => {
    const manifest = { metadata: { name: 'redis', version: '7.2.5', description: 'x' }, spec: { type: 'helm' } };
    const stale = { ageSeconds: 7_200, error: { registry: 'main', code: 'network', message: 'broke off' } };
    await serve({ 'GET /api/v1/templates/redis': json({ ...found, manifest, versions: ['7.2.5'], size: 0, stale }) });
    const { code, stderr } = await runCli(['show', 'redis'], api.env);
    expect([code, stderr]).toEqual([0, 'warning: registry main did not answer; shown as it was 2h00m ago\n']);
  });
});

describe('show of a chart', () => {
  const spec = { type: 'helm', parameters: { type: 'object', properties: { replicas: { type: 'integer', default: 1 } } } };
  const manifest = { metadata: { name: 'redis', version: '7.2.5', description: 'x' }, spec };
  const detail = { ...found, manifest, versions: ['7.2.5'], size: 0 };

  it('marks parameters that were inferred from its values', async () => {
    await serve({ 'GET /api/v1/templates/redis': json({ ...detail, parametersFrom: 'inferred' }) });
    expect((await runCli(['show', 'redis'], api.env)).stdout).toMatch(/^parameters \(inferred from values\.yaml\)\n +NAME /m);
    expect(JSON.parse((await runCli(['show', 'redis', '-o', 'json'], api.env)).stdout)).toMatchObject({
      parametersFrom: 'inferred',
    });
  });

  it('does not mark those of a schema, or of a template that was written for us', async () => {
    await serve({ 'GET /api/v1/templates/redis': json({ ...detail, parametersFrom: 'schema' }) });
    expect((await runCli(['show', 'redis'], api.env)).stdout).toMatch(/^parameters\n +NAME /m);
    await api.stop();
    await serve({ 'GET /api/v1/templates/redis': json(detail) });
    expect((await runCli(['show', 'redis'], api.env)).stdout).toMatch(/^parameters\n +NAME /m);
    expect(JSON.parse((await runCli(['show', 'redis', '-o', 'json'], api.env)).stdout)).not.toHaveProperty('parametersFrom');
  });
});

describe('--registry and --version', () => {
  const manifest = { metadata: { name: 'redis', version: '7.2.5', description: 'x' }, spec: { type: 'helm' } };
  const detail = { ...found, version: '8.0.0', manifest, versions: ['8.0.0', '7.2.5'], size: 0 };

  it('mean the same for show as REGISTRY/NAME@VERSION', async () => {
    await serve({ 'GET /api/v1/templates/redis': json(detail) });
    await runCli(['show', 'redis', '--registry', 'main', '--version', '7.2.5'], api.env);
    await runCli(['show', 'redis', '--version', '^7.0.0', '-o', 'name'], api.env);
    expect(api.seen.map(({ path }) => path)).toEqual([
      '/api/v1/templates/redis?registry=main&version=7.2.5',
      '/api/v1/templates/redis',
      '/api/v1/templates/redis?version=7.2.5',
    ]);
  });

  it.each([
    [['redis', '--registry', 'main', '--version', '7.2.5'], 'main/redis@7.2.5'],
    [['redis', '--version', '>=7 <8'], 'redis@>=7 <8'],
    [['main/redis', '--registry', 'main'], 'main/redis'],
    [['redis', '--registry', 'source:team/partner'], 'source:team/partner/redis'],
    [['redis@7.2.5'], 'redis@7.2.5'],
    [['redis', '--version', 'latest'], 'redis'],
  ])('make of install %j the reference %s', async (words, ref) => {
    await serve({ 'POST /api/v1/installs': json({ operation: 'install.local.default.redis.1', joined: false, links: {} }, 202) });
    for (const command of [['install'], ['marketplace', 'install']])
      expect((await runCli([...command, ...words, '--detach', '-o', 'name'], api.env)).code).toBe(0);
    expect(api.seen.map(({ body }) => JSON.parse(body))).toEqual(Array(2).fill({ ref, namespace: 'default' }));
  });

  it.each([
    [['main/redis', '--registry', 'far'], 'main/redis says main, and --registry says far'],
    [['redis@7', '--version', '8'], 'redis@7 says 7, and --version says 8'],
    [['redis', '--version', 'newest'], 'not a version or a semver range'],
    [['redis', '--registry', 'a/b'], 'more than one'],
  ])('are refused in %j, by install and by show', async (words, said) => {
    for (const command of ['install', 'show'])
      expect(await runCli([command, ...words])).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
  });
});

describe('show --metrics', () => {
  it('tells what was counted of a template', async () => {
    const body = {
      ...{ name: 'redis', registry: 'main', searches: 12, downloads: 0, validations: { passed: 3 }, errors: { network: 1 } },
      installs: { total: 4, succeeded: 3, failed: 1, cancelled: 0, successRate: 0.75 },
    };
    await serve({ 'GET /api/v1/templates/redis/metrics': json(body) });
    const { code, stdout } = await runCli(['show', 'main/redis', '--metrics'], api.env);
    expect(code).toBe(0);
    expect(api.seen[0]?.path).toContain('registry=main');
    expect(stdout).toContain('4: 3 succeeded, 1 failed, 0 cancelled; 75 % succeed');
    expect(stdout).toContain('passed 3');
    expect(stdout).toContain('network 1');
  });
});

describe('registries', () => {
  const view = {
    name: 'main',
    kind: 'helm',
    type: 'community',
    url: 'https://charts.example',
    origin: 'api',
    default: true,
    credential: 'token',
    status: 'stale',
    templates: 7,
    error: { code: 'network', message: 'broke off', at: '2026-01-01T00:00:00Z' },
    problemCount: 1,
  };

  it('lists them, under both names', async () => {
    await serve({ 'GET /api/v1/registries': json({ registries: [view] }) });
    for (const words of [['registries'], ['registries', 'list'], ['marketplace', 'registries']]) {
      const { stdout } = await runCli(words, api.env);
      expect(stdout).toMatch(
        /^main \(default\) +helm +community +API +away, older list shown +7 +- +https:\/\/charts\.example$/m,
      );
    }
  });

  it('tells about one, and what of its list cannot be used', async () => {
    const problems = [{ subject: 'bad', message: 'version: not one' }];
    await serve({ 'GET /api/v1/registries/main': json({ ...view, problems }) });
    const { stdout } = await runCli(['registries', 'show', 'main'], api.env);
    expect(stdout).toContain('reason     broke off\n');
    expect(stdout).toContain('  bad: version: not one\n');
  });

  it.each([
    ['ok', 0],
    ['tls', 7],
    ['unauthorized', 4],
    ['not_a_registry', 7],
  ])('a test that ends with %s exits with %s', async (outcome, exitCode) => {
    const tested = { registry: 'main', ok: outcome === 'ok', outcome, message: 'what it was', elapsedMs: 5, credential: 'token' };
    await serve({ 'POST /api/v1/registries/main/test': json(tested) });
    const { code, stdout } = await runCli(['registries', 'test', 'main', '-o', 'name'], api.env);
    expect([code, stdout]).toEqual([exitCode, `${outcome}\n`]);
  });

  it('refreshes one, and tells what has changed or why it could not', async () => {
    const body = { registry: 'main', state: 'changed', templates: 9, written: 2, removed: 1, problemCount: 0 };
    await serve({
      'POST /api/v1/registries/main/refresh': json(body),
      'POST /api/v1/registries/far/refresh': problem(502, 'registry_unavailable'),
    });
    expect((await runCli(['registries', 'refresh', 'main'], api.env)).stdout).toBe(
      'main: 9 templates, 2 new or changed, 1 gone\n',
    );
    expect((await runCli(['registries', 'refresh', 'far'], api.env)).code).toBe(7);
  });

  it('tells how one has been answering', async () => {
    const figures = {
      ...{ calls: 10, failures: 1, authFailures: 0, rateLimitHits: 0, cacheHits: 3, cacheMisses: 1 },
      ...{ successRate: 0.9, cacheHitRate: 0.75, callsPerMinute: 2, errors: { network: 1 } },
      responseMs: { average: 12, p50: 10, p95: 30, p99: 31 },
    };
    const certificate = { expiresAt: '2030-01-01T00:00:00Z', days: 42 };
    const latest = { at: new Date().toISOString(), ok: true, latencyMs: 21, bytes: 100 };
    const window = { seconds: 3_600, checks: 12, failures: 1, errorRate: 0.1, pattern: 'recovered', bytesPerSecond: 52_000 };
    const checks = { latest, window, history: [latest] };
    const body = { registry: 'main', available: true, status: 'ok', breaker: 'closed', figures, certificate, checks };
    await serve({ 'GET /api/v1/registries/main/health': json(body) });
    const { stdout } = await runCli(['registries', 'health', 'main'], api.env);
    expect(stdout).toContain('12 ms on average, p50 10, p95 30, p99 31');
    expect(stdout).toContain('ends in 42 days');
    expect(stdout).toContain('answered in 21 ms');
    expect(stdout).toContain('recovered: 12 checks, of which 1 failed');
    expect(stdout).toContain('52 kB/s');
  });
});
