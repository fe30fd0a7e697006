import { afterEach, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { type Answer, FakeApi, json, problem } from './support/fake-api.ts';
import { runCli, startCli, until } from './support/run-cli.ts';

const entry = (id: number, more: object = {}) => ({
  ...{ id, at: '2026-01-01T00:00:00.000Z', actor: 'ann', action: 'install', object: `install/local/a/${id}` },
  ...{ outcome: 'allowed', ...more },
});

let api: FakeApi | undefined;
afterEach(async () => await api?.stop());

async function audit(words: string[], answer: Answer) {
  await api?.stop();
  api = await new FakeApi({ 'GET /api/v1/audit': answer, 'GET /api/v1/audit/export': answer }).start();
  return runCli(['audit', ...words], api.env);
}

const query = () => Object.fromEntries(new URL(api?.seen[0]?.path ?? '', 'http://x').searchParams);

describe('chandlery audit', () => {
  it('prints the newest entries as a table', async () => {
    const { code, stdout } = await audit([], json({ entries: [entry(2, { outcome: 'denied', code: 'in_use' }), entry(1)] }));
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^TIME +ACTOR +ACTION +OUTCOME +OBJECT +WHY$/);
    expect(stdout.split('\n')[1]).toMatch(/ann +install +denied +install\/local\/a\/2 +in_use$/);
    expect(query()).toEqual({ limit: '20' });
  });

  it('sends every filter as it was given', async () => {
    const words = ['--actor', 'a', '--action', 'b', '--object', 'c/', '--outcome', 'denied', '--code', 'd', '--operation', 'e'];
    const times = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-02-01T00:00:00+01:00', '-n', 'team-a', '--limit', '3'];
    const { code, stderr } = await audit([...words, ...times], json({ entries: [] }));
    expect([code, stderr]).toEqual([0, 'nothing is written down that fits\n']);
    expect(query()).toEqual({
      ...{ actor: 'a', action: 'b', object: 'c/', outcome: 'denied', code: 'd', operation: 'e', namespace: 'team-a' },
      ...{ from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00+01:00', limit: '3' },
    });
  });

  it('asks for so long ago', async () => {
    await audit(['--since', '1h'], json({ entries: [] }));
    const ago = Date.now() - Date.parse(query().from ?? '');
    expect(ago).toBeGreaterThanOrEqual(3_600_000);
    expect(ago).toBeLessThan(3_660_000);
  });

  it.each([
    ['--from', 'yesterday'],
    ['--from', '2026-01-01T00:00:00'],
    ['--since', '1h', '--from', '2026-01-01T00:00:00Z'],
    ['-f', '--export'],
  ])('refuses %s %s', async (...words) => {
    expect((await audit(words, json({ entries: [] }))).code).toBe(2);
  });

  it('turns the pages that a large number needs', async () => {
    let asked = 0;
    const { stdout } = await audit(['--limit', '501', '-o', 'name'], (request, response) => {
      asked += 1;
      const first = { entries: Array.from({ length: 500 }, (_, at) => entry(501 - at)), nextCursor: 'next' };
      json(asked === 1 ? first : { entries: [entry(1)] })(request, response);
    });
    expect(stdout.trim().split('\n')).toHaveLength(501);
    expect(api?.seen[1]?.path).toContain('limit=1');
    expect(api?.seen[1]?.path).toContain('cursor=next');
  });

  it('prints JSON, YAML and JSON lines', async () => {
    const answer = json({ entries: [entry(2), entry(1)] });
    expect(JSON.parse((await audit(['-o', 'json'], answer)).stdout)).toEqual({ entries: [entry(2), entry(1)] });
    expect(parseAllDocuments((await audit(['-o', 'yaml'], answer)).stdout)[0]?.toJS()).toEqual({ entries: [entry(2), entry(1)] });
    const lines = (await audit(['-o', 'jsonl'], answer)).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([entry(2), entry(1)]);
  });

  it('lets nothing that an entry holds reach the terminal', async () => {
    const { stdout } = await audit([], json({ entries: [entry(1, { object: 'template/\u001b[2Jx' })] }));
    expect(stdout).not.toContain('\u001b');
  });

  it('follows, oldest first, also through an outage, from where it was', async () => {
    const pages: object[] = [
      { entries: [entry(2), entry(1)], followCursor: 'f0' },
      { entries: [entry(3)], nextCursor: 'f1' },
      { entries: [], nextCursor: 'f2' },
    ];
    let asked = 0;
    api = await new FakeApi({
      'GET /api/v1/audit': (request, response) => {
        asked += 1;
        if (asked === 4) return problem(503, 'store_unavailable', { detail: 'away' })(request, response);
        json(pages[asked - 1] ?? { entries: asked === 5 ? [entry(4)] : [], nextCursor: 'f3' })(request, response);
      },
    }).start();
    const { child, output, ended } = startCli(['audit', '--follow', '--actor', 'ann', '-o', 'json'], api.env);
    await until(() => output.stdout.trim().split('\n').length === 4);
    child.kill('SIGINT');
    await ended;
    expect(
      output.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual([1, 2, 3, 4]);
    expect(output.stderr).toContain('away');
    const cursors = api.seen.map(({ path }) => new URL(path, 'http://x').searchParams.get('cursor'));
    expect(cursors.slice(0, 5)).toEqual([null, 'f0', 'f1', 'f2', 'f2']);
    expect(api.seen[1]?.path).toMatch(/actor=ann.*order=oldest/);
  });

  it('exports what the server sends, and fails where that breaks off', async () => {
    const whole = await audit(['--export', '--actor', 'ann', '--limit', '2'], (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(`${JSON.stringify(entry(1))}\n`);
    });
    expect([whole.code, JSON.parse(whole.stdout)]).toEqual([0, entry(1)]);
    expect(query()).toEqual({ actor: 'ann', limit: '2' });
    await api?.stop();
    const broken = await audit(['--export'], (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(`${JSON.stringify(entry(1))}\n`);
      setTimeout(() => response.destroy(), 50);
    });
    expect(broken).toMatchObject({ code: 7, stderr: expect.stringContaining('broke off') });
  });
});

const FINDING = {
  ...{ id: 'content/privileged', severity: 'high', file: 'a.yaml', line: 3, explanation: 'it may do anything' },
  recommendation: 'take it away',
};

describe('chandlery report', () => {
  const REPORT = {
    ...{ name: 'redis', version: '7.0.0', registry: 'local', digest: 'sha256:0', from: 'publish', at: '2026-01-01T00:00:00Z' },
    report: {
      ...{ status: 'needs-review', reasons: ['high: a.yaml:3: it may do anything'], findings: [FINDING], more: 2 },
      score: { measured: 80, parts: { documentation: { points: 70, lost: [{ check: 'readme', points: 30, why: 'none' }] } } },
    },
  };
  const report = async (...words: string[]) => {
    await api?.stop();
    api = await new FakeApi({ 'GET /api/v1/templates/redis/report': json(REPORT) }).start();
    return runCli(['report', ...words], api.env);
  };

  it('tells status, score, every lost point and every finding', async () => {
    const { code, stdout } = await report('main/redis@7.0.0');
    expect(code).toBe(0);
    for (const text of ['needs-review', '80 of what is measured (documentation 70)', 'documentation/readme  -30  none'])
      expect(stdout).toContain(text);
    expect(stdout).toContain('high  a.yaml:3  it may do anything (content/privileged)\n    take it away');
    expect(stdout).toContain('and 2 more');
    expect(query()).toEqual({ version: '7.0.0', registry: 'main' });
  });

  it('needs one version or none', async () => {
    expect((await report('redis@^7')).code).toBe(2);
    expect((await report('redis', '-o', 'name')).stdout).toBe('redis@7.0.0\n');
  });
});

describe('what was found later', () => {
  it('is listed by events', async () => {
    const installs = [{ id: 'local.a.redis', namespace: 'a', name: 'redis', version: '7.0.0' }];
    const event = { id: 1, at: '2026-01-01T00:00:00Z', digest: 'sha256:0', finding: FINDING, installs };
    api = await new FakeApi({ 'GET /api/v1/events': json({ events: [event] }) }).start();
    const { stdout } = await runCli(['events', '-A'], api.env);
    expect(stdout).toMatch(/high +a\/redis@7\.0\.0 +stands +a\.yaml:3: it may do anything/);
    expect(query()).toEqual({});
  });
});
