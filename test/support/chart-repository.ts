import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { acquireHelm } from '../../tools/local-cluster/programs.ts';

const run = promisify(execFile);

/** Files of a chart; `Chart.yaml` is made from `chart`. */
export interface ChartFixture {
  name: string;
  version: string;
  /** More members of Chart.yaml. */
  chart?: Record<string, unknown>;
  values?: string;
  schema?: unknown;
  files?: Record<string, string>;
  /** Subcharts, packed into `charts/`. */
  packed?: readonly ChartFixture[];
}

/** Path of the real Helm, built once per machine. */
export function helmProgram(): Promise<string> {
  const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
  return acquireHelm({ cacheDir, env: process.env, log: () => undefined });
}

/** Runs Helm with settings and caches of its own. */
export async function helm(home: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(await helmProgram(), args, {
    env: { PATH: process.env.PATH, HOME: home },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

async function writeChart(directory: string, fixture: ChartFixture): Promise<void> {
  const { name, version, chart = {}, values = '', schema, files = {}, packed = [] } = fixture;
  // JSON is YAML, so no quoting can go wrong.
  const all: Record<string, string> = {
    'Chart.yaml': JSON.stringify({ apiVersion: 'v2', name, version, description: `The chart ${name}.`, ...chart }),
    'values.yaml': values,
    'templates/config.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}"}\n`,
    ...(schema === undefined ? {} : { 'values.schema.json': JSON.stringify(schema) }),
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  for (const each of packed) await writeChart(join(directory, 'charts', each.name), each);
}

export interface ChartRepository {
  dir: string;
  /** Packs charts with `helm package` and writes the index again with `helm repo index`. */
  add(...charts: ChartFixture[]): Promise<void>;
  /** Packs a chart that lies on the disk, and answers the name of the archive; rejects with Helm's own reason. */
  pack(directory: string): Promise<string>;
  index(...flags: string[]): Promise<void>;
  read(path: string): Promise<Buffer>;
  write(path: string, content: string | Buffer): Promise<void>;
  remove(): Promise<void>;
}

/** A folder that real Helm keeps as a repository. */
export async function createChartRepository(...charts: ChartFixture[]): Promise<ChartRepository> {
  const home = await mkdtemp(join(tmpdir(), 'chandlery-charts-'));
  const dir = join(home, 'repository');
  await mkdir(dir);
  const repository: ChartRepository = {
    dir,
    async add(...more) {
      for (const fixture of more) {
        const source = join(home, 'sources', `${fixture.name}-${fixture.version}`);
        await writeChart(source, fixture);
        await repository.pack(source);
      }
      await repository.index();
    },
    pack: async (directory) => basename((await helm(home, 'package', directory, '-d', dir)).trim()),
    index: async (...flags) => void (await helm(home, 'repo', 'index', dir, ...flags)),
    read: (path) => readFile(join(dir, path)),
    write: (path, content) => writeFile(join(dir, path), content),
    remove: () => rm(home, { recursive: true, force: true }),
  };
  if (charts.length > 0) await repository.add(...charts);
  return repository;
}

export interface SeenRequest {
  path: string;
  headers: IncomingMessage['headers'];
  status: number;
}

export interface FileServer {
  url: string;
  seen: SeenRequest[];
  /** Answers instead of the files; undefined: the files again. */
  override: RequestListener | undefined;
  close(): Promise<void>;
}

/** Serves a folder as static hosts do: ETag, conditions, ranges. */
export async function serveFiles(dir: string, host = '127.0.0.1'): Promise<FileServer> {
  const server = createServer((request, response) => {
    response.once('finish', () =>
      files.seen.push({ path: request.url ?? '', headers: request.headers, status: response.statusCode }),
    );
    if (files.override !== undefined) files.override(request, response);
    else void serveFile(dir, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const files: FileServer = {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    seen: [],
    override: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return files;
}

const TYPES: Record<string, string> = { yaml: 'text/yaml', json: 'application/json', tgz: 'application/gzip' };

async function serveFile(dir: string, { url = '/', headers }: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(new URL(url, 'http://files').pathname);
  const body = await readFile(join(dir, path)).catch(() => undefined);
  if (body === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not here');
    return;
  }
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
  const base = { etag, 'content-type': TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream' };
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  if (headers['if-none-match'] === etag) response.writeHead(304, base).end();
  else if (from === undefined) response.writeHead(200, { ...base, 'content-length': body.length }).end(body);
  else if (Number(from) >= body.length) response.writeHead(416, { ...base, 'content-range': `bytes */${body.length}` }).end();
  else {
    const range = `bytes ${from}-${body.length - 1}/${body.length}`;
    response.writeHead(206, { ...base, 'content-range': range }).end(body.subarray(Number(from)));
  }
}
