import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pg from 'pg';
import { pino } from 'pino';
import { openApiDocument } from '../../src/api/openapi.ts';
import { readConfig } from '../../src/config.ts';
import { type Engine, startEngine } from '../../src/embedded/engine.ts';
import { startApi } from '../../src/server.ts';
import { ApiClient } from '../../tools/lab/api-client.ts';
import { CheckedClient } from './openapi-check.ts';

/** Real API servers on one database and one engine, without a worker: for what no operation is needed for. */

export interface ApiServer {
  url: string;
  dir: string;
  /** As the administrator; every answer is held against the document. */
  admin: CheckedClient;
  /** As a viewer of everything. */
  viewer: CheckedClient;
  /** Lines of its log. */
  logged: string[];
  stop(): Promise<void>;
}

const VIEWER_TOKEN = 'viewer-token-for-tests';

export class ApiServers {
  readonly running: ApiServer[] = [];
  #engine: Engine | undefined;
  #db: pg.Client | undefined;
  readonly #dirs: string[] = [];

  get engine(): Engine {
    if (!this.#engine) throw new Error('open() first');
    return this.#engine;
  }

  get db(): pg.Client {
    if (!this.#db) throw new Error('open() first');
    return this.#db;
  }

  async open(): Promise<this> {
    const dir = await mkdtemp(join(tmpdir(), 'chandlery-engine-'));
    this.#dirs.push(dir);
    this.#engine = await startEngine({
      dataDir: dir,
      cacheDir: process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery'),
      env: process.env,
      temporalUi: false,
      log: () => undefined,
    });
    this.#db = new pg.Client({ connectionString: this.#engine.databaseUrl });
    await this.#db.connect();
    return this;
  }

  /** Starts a server with a data directory of its own; `registries` is the text of its file. */
  async start(env: Record<string, string> = {}, registries = 'registries: []'): Promise<ApiServer> {
    const dir = await mkdtemp(join(tmpdir(), 'chandlery-api-'));
    this.#dirs.push(dir);
    const file = join(dir, 'registries.yaml');
    await writeFile(file, registries);
    const config = readConfig({
      CHANDLERY_ENV: 'development',
      CHANDLERY_PORT: '0',
      CHANDLERY_DATA_DIR: dir,
      CHANDLERY_CACHE_DIR: join(dir, 'cache'),
      CHANDLERY_REGISTRIES: file,
      CHANDLERY_MARKETPLACE_DISABLE: '1',
      ...env,
    });
    const logged: string[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        logged.push(String(chunk));
        done();
      },
    });
    const api = await startApi(config, this.engine, pino({ level: 'debug' }, stream));
    const document = JSON.parse(JSON.stringify(openApiDocument()));
    const client = (token: string) => new CheckedClient(new ApiClient(api.url, token), document);
    const admin = client((await readFile(api.adminTokenFile, 'utf8')).trim());
    const made = await admin.call('POST', '/api/v1/tokens', {
      user: 'vic',
      name: VIEWER_TOKEN,
      roles: [{ role: 'viewer', namespace: '*' }],
    });
    const server = { url: api.url, dir, admin, viewer: client(made.body.token), logged, stop: () => api.stop() };
    this.running.push(server);
    return server;
  }

  /** Ends the servers and empties what they keep of registries. */
  async reset(): Promise<void> {
    for (const server of this.running.splice(0)) await server.stop();
    await this.db.query('delete from registries');
  }

  async close(): Promise<void> {
    for (const server of this.running.splice(0)) await server.stop();
    await this.#db?.end();
    await this.#engine?.stop();
    for (const dir of this.#dirs) await rm(dir, { recursive: true, force: true });
  }
}
