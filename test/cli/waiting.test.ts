import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHttpClient } from '../../src/cli/http.ts';
import { watchOperation } from '../../src/cli/watch.ts';
import type { OperationView } from '../../src/domain/operation.ts';
import type { Answer } from './support/fake-api.ts';
import { FakeApi, json, problem } from './support/fake-api.ts';
import { at, done, ID, operation, PATH, step, succeeded } from './support/operations.ts';
import { runCli, startCli, until } from './support/run-cli.ts';

let api: FakeApi;
afterEach(async () => await api?.stop());

const ACCEPTED = json({ operation: ID, joined: false, links: {} }, 202);
const EVENTS = `GET ${PATH}/events`;

async function serve(answers: Record<string, Answer>): Promise<FakeApi> {
  api = await new FakeApi({ 'POST /api/v1/installs': ACCEPTED, ...answers }).start();
  return api;
}

function open(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('retry: 1000\n\n: still here\n\n');
}

function frame(response: ServerResponse, view: OperationView, id?: string): void {
  response.write(`${id === undefined ? '' : `id: ${id}\n`}event: operation\ndata: ${JSON.stringify(view)}\n\n`);
}

/** A whole stream: these frames, then the end. */
function stream(...views: OperationView[]): Answer {
  return (_request, response) => {
    open(response);
    for (const [index, view] of views.entries()) frame(response, view, `run:${index + 1}`);
    response.end('event: end\ndata: {}\n\n');
  };
}

const running = () =>
  operation({}, [
    done('pre-validate', 'fine'),
    step('resolve-dependencies', { state: 'running', attempt: 1, startedAt: at(100) }),
  ]);

describe('install', () => {
  it('waits and prints one line for each change', async () => {
    await serve({ [EVENTS]: stream(running(), succeeded()) });
    const { code, stdout, stderr } = await runCli(['install', 'shop', '-n', 'team-a', '--force'], api.env);
    expect(stdout.split('\n')).toEqual([
      `operation  ${ID}`,
      'pre-validate  succeeded  0.1s  fine',
      'resolve-dependencies  running',
      'install shop in team-a  succeeded  0.5s',
      '',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(api.seen[0]?.body ?? '')).toEqual({ ref: 'shop', namespace: 'team-a', force: true });
  });

  it('prints the id and does not wait with --detach', async () => {
    await serve({});
    const { code, stdout } = await runCli(['install', 'shop', '--detach'], api.env);
    expect([code, stdout]).toEqual([0, `${ID}\n`]);
    expect(api.seen).toHaveLength(1);
  });

  it('keeps stdout for the operation with -o json', async () => {
    await serve({ [EVENTS]: stream(running(), succeeded()) });
    const { stdout, stderr } = await runCli(['install', 'shop', '-o', 'json'], api.env);
    expect(JSON.parse(stdout)).toEqual(succeeded());
    expect(stderr).toContain('pre-validate  succeeded');
  });

  it.each([
    ['failed', 'digest_mismatch', 1],
    ['failed', 'template_not_found', 3],
    ['failed', 'registry_unavailable', 7],
    ['failed', 'in_use', 5],
    ['cancelled', 'cancelled', 6],
  ] as const)('exits as the operation ended: %s with %s', async (state, code, exit) => {
    const failure = { code, message: 'said why', guidance: 'do this', step: 'download' };
    const failed = step('download', { state: 'failed', attempt: 1, startedAt: at(0), endedAt: at(50), failure });
    await serve({ [EVENTS]: stream(operation({ state, failure, endedAt: at(60) }, [failed])) });
    const ended = await runCli(['install', 'shop'], api.env);
    expect(ended.code).toBe(exit);
    expect(ended.stdout).toContain(`download  failed  0.1s  ${code}: said why`);
    expect(ended.stderr).toContain('error: download: said why');
    expect(ended.stderr).toContain(`operation: ${ID}`);
  });
});

describe('a stream that breaks', () => {
  it('is opened again from the last place, without printing anything twice', async () => {
    let streams = 0;
    await serve({
      [EVENTS]: (request, response) => {
        streams += 1;
        if (streams > 1) return stream(succeeded())(request, response);
        open(response);
        frame(response, running(), 'run:7');
        setTimeout(() => response.destroy(), 50);
      },
      [`GET ${PATH}`]: json(running()),
    });
    const { code, stdout } = await runCli(['ops', 'watch', ID], api.env);
    expect(code).toBe(0);
    expect(stdout.match(/pre-validate/g)).toHaveLength(1);
    const places = api.seen.filter(({ path }) => path.endsWith('/events')).map(({ headers }) => headers['last-event-id']);
    expect(places).toEqual([undefined, 'run:7']);
  });

  it('is waited for while the server restarts', async () => {
    let restarted = false;
    await serve({
      [EVENTS]: (request, response) => {
        if (restarted) return stream(succeeded())(request, response);
        open(response);
        frame(response, running(), 'run:7');
      },
    });
    const { output, ended } = startCli(['ops', 'watch', ID], api.env);
    await until(() => output.stdout.includes('resolve-dependencies  running'));
    await api.stop();
    await until(() => output.stderr.includes('waiting for the server'));
    restarted = true;
    await api.start();
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(0);
    expect(stdout).toContain('install shop in team-a  succeeded');
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('waiting for the server'), 'the server answers again']);
  });

  it('is replaced by reading the operation where no stream comes through', async () => {
    let reads = 0;
    await serve({
      [EVENTS]: problem(502, 'a_proxy_in_between'),
      [`GET ${PATH}`]: (request, response) => {
        reads += 1;
        json(reads < 3 ? running() : succeeded())(request, response);
      },
    });
    const { code, stdout } = await runCli(['ops', 'watch', ID], api.env);
    expect([code, reads]).toEqual([0, 3]);
    expect(stdout).toContain('install shop in team-a  succeeded');
  });

  it('is replaced when it is open and silent, as behind a proxy that holds it back', async () => {
    await serve({
      [EVENTS]: (_request, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
      [`GET ${PATH}`]: json(succeeded()),
    });
    const client = createHttpClient({ url: new URL(`${api.url}/`), tokenSource: 'none' });
    const seen: string[] = [];
    const ended = await watchOperation(client, ID, {
      signal: new AbortController().signal,
      stalledMs: 50,
      onOperation: ({ state }) => seen.push(state),
    });
    expect([ended.state, seen]).toEqual(['succeeded', ['succeeded']]);
  });

  it('is given up when the operation is unknown', async () => {
    await serve({ [EVENTS]: problem(404, 'operation_not_found') });
    expect((await runCli(['ops', 'watch', ID], api.env)).code).toBe(3);
  });
});

describe('Ctrl-C while waiting', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops watching on %s, says how to go on, and exits %i', async (signal, exit) => {
    await serve({
      [EVENTS]: (_request, response) => {
        open(response);
        frame(response, running(), 'run:7');
      },
    });
    const { child, output, ended } = startCli(['install', 'shop'], api.env);
    await until(() => output.stdout.includes('resolve-dependencies  running'));
    child.kill(signal);
    const { code, stderr } = await ended;
    expect(code).toBe(exit);
    expect(stderr).toContain('stopped watching; the operation goes on');
    expect(stderr).toContain(`chandlery ops watch ${ID}`);
    expect(api.seen.some(({ path }) => path.endsWith('/cancel'))).toBe(false);
  });
});

describe('ops', () => {
  const listed = {
    operations: [
      {
        id: ID,
        kind: 'install',
        target: 'install/local/team-a/shop',
        requester: 'tester',
        state: 'failed',
        createdAt: at(0),
        endedAt: at(2_000),
      },
    ],
  };

  it('lists, also without a word', async () => {
    await serve({ 'GET /api/v1/operations': json(listed) });
    const bare = await runCli(['ops', '--state', 'failed', '-n', 'team-a', '--kind', 'install'], api.env);
    expect(bare.stdout).toContain(`${ID}   install   failed`);
    expect(api.seen[0]?.path).toBe('/api/v1/operations?namespace=team-a&state=failed&kind=install');
    expect((await runCli(['ops', 'list', '-o', 'name'], api.env)).stdout).toBe(`${ID}\n`);
  });

  it('takes @last for the newest operation', async () => {
    await serve({
      'GET /api/v1/operations': json(listed),
      [`POST ${PATH}/cancel`]: json(operation({ cancelRequested: true }), 202),
    });
    const { code, stdout } = await runCli(['ops', 'cancel', '@last'], api.env);
    expect(code).toBe(0);
    expect(stdout).toContain(`chandlery ops watch ${ID}`);
  });

  it('replays with corrections and waits', async () => {
    const replayed = { operation: ID, joined: false, links: {}, from: 'download', keeps: ['pre-validate'] };
    await serve({ [`POST ${PATH}/replay`]: json(replayed, 202), [EVENTS]: stream(succeeded()) });
    const { code, stderr } = await runCli(
      ['ops', 'replay', ID, '--from', 'download', '--version', '^2', '--accept-unsigned'],
      api.env,
    );
    expect(code).toBe(0);
    expect(JSON.parse(api.seen[0]?.body ?? '')).toEqual({ from: 'download', input: { version: '^2', acceptUnsigned: true } });
    expect(stderr).toContain('from download; kept: pre-validate');
  });

  it('prints the history as it came', async () => {
    const text = '{"events":[ ]}';
    await serve({ [`GET ${PATH}/history`]: (_request, response) => void response.end(text) });
    expect((await runCli(['ops', 'history', ID], api.env)).stdout).toBe(`${text}\n`);
  });

  it('shows a failed operation without failing itself', async () => {
    const failure = { code: 'network' as const, message: 'broke off', guidance: 'replay' };
    await serve({ [`GET ${PATH}`]: json(operation({ state: 'failed', endedAt: at(100), failure })) });
    const { code, stdout } = await runCli(['ops', 'show', ID], api.env);
    expect(code).toBe(0);
    expect(stdout).toContain('error: broke off');
  });
});
