import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { PACKAGE_ROOT } from '../../src/config.ts';
import type { Engine } from '../../src/embedded/engine.ts';
import { startEngine } from '../../src/embedded/engine.ts';
import { ApiClient } from './api-client.ts';
import type { Child } from './child.ts';
import { startChild } from './child.ts';

/**
 * A whole Chandlery of real processes on this machine: engine and store as supervised children of the caller, API and workers as
 * processes of their own that can be killed. Used by the demo, the chaos runs, the benchmarks and the end-to-end tests.
 */

export interface LabRegistry {
  name: string;
  url: string;
  default?: boolean;
  token?: string;
  /** More members of its entry in the file: `kind`, other credentials, what the kind needs. */
  entry?: Record<string, unknown>;
}

export interface LabOptions {
  registries?: LabRegistry[];
  /** More variables for API and workers. */
  env?: Record<string, string>;
  /** Progress for people. */
  log?: (line: string) => void;
  /** Where everything is kept; a fresh folder below the temporary directory by default, removed at the end. */
  dir?: string;
}

export interface Lab {
  dir: string;
  engine: Engine;
  /** Variables that API and workers get. */
  env: NodeJS.ProcessEnv;
  /** Starts an API process and answers a client for it. */
  startApi(options?: { env?: Record<string, string> }): Promise<{ child: Child; client: ApiClient }>;
  /** Starts a worker process. `script` is a path below dist/; the product's own worker by default. */
  startWorker(options?: { env?: Record<string, string>; script?: string }): Promise<Child>;
  /** Stops what was started, newest first, then the engine. `keep` leaves the folder. */
  close(options?: { keep?: boolean }): Promise<void>;
}

/** Quick retries: a lab waits for nobody. */
const LAB_ENV = {
  CHANDLERY_ENV: 'development',
  CHANDLERY_PORT: '0',
  CHANDLERY_LOG_LEVEL: 'info',
  // What a lab's registries are asked is counted; nobody may ask them by the clock besides.
  CHANDLERY_HEALTH_INTERVAL: '0',
  CHANDLERY_STEP_ATTEMPTS: '3',
  CHANDLERY_RETRY_INITIAL_MS: '200',
};

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'chandlery-lab-')));
  await mkdir(dir, { recursive: true });
  const registriesFile = join(dir, 'registries.yaml');
  await writeFile(registriesFile, stringify({ registries: (options.registries ?? []).map(toEntry) }), { mode: 0o600 });
  const engine = await startEngine({
    dataDir: join(dir, 'data'),
    cacheDir: process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery'),
    env: process.env,
    temporalUi: false,
    log: options.log ?? (() => undefined),
  });
  const env = {
    ...process.env,
    // A lab reaches what it starts itself and nothing else.
    CHANDLERY_MARKETPLACE_DISABLE: '1',
    ...LAB_ENV,
    CHANDLERY_DATA_DIR: join(dir, 'data'),
    CHANDLERY_REGISTRIES: registriesFile,
    DATABASE_URL: engine.databaseUrl,
    TEMPORAL_ADDRESS: engine.temporalAddress,
    ...options.env,
  };
  const children: Child[] = [];
  const start = async (script: string, ready: string, log: string, more: Record<string, string> = {}) => {
    const child = await startChild({
      script: join(PACKAGE_ROOT, 'dist', script),
      ready,
      env: { ...env, ...more },
      logFile: join(dir, `${log}.log`),
    });
    children.push(child);
    return child;
  };
  return {
    dir,
    engine,
    env,
    async startApi({ env: more } = {}) {
      const child = await start('src/server.js', 'ready ', 'api', more);
      const [, url = '', , tokenFile = ''] = child.readyLine.split(' ');
      return { child, client: new ApiClient(url, (await readFile(tokenFile, 'utf8')).trim()) };
    },
    startWorker: ({ env: more, script } = {}) => start(script ?? 'src/worker.js', 'worker ready', 'worker', more),
    async close({ keep = false } = {}) {
      for (const child of children.toReversed()) await child.stop();
      await engine.stop();
      if (!keep && options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

function toEntry({ name, url, default: isDefault, token, entry }: LabRegistry) {
  return {
    name,
    type: 'community',
    url,
    ...(isDefault && { default: true }),
    ...(token !== undefined && { credentials: { type: 'token', token } }),
    ...entry,
  };
}
