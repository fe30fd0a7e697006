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
    const { code } = await runCli(['search', 'x', ...options, '--verified', '--sort', 'rating', '--facets'], api.env);
    expect(code).toBe(0);
    const { searchParams } = new URL(api.seen[0]?.path ?? '', api.url);
    expect([...searchParams]).toEqual([
      ['registry', 'a'],
      ['registry', 'b'],
      ['registryType', 'official'],
      ['license', 'MIT'],
      ['sort', 'rating'],
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

describe('browse', () => {
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
