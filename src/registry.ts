import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { createFolderRegistry, type FolderRegistry } from './adapters/registries/folder.ts';
import { requireToken } from './api/bearer-token.ts';
import { notFoundMiddleware, problemMiddleware } from './api/problem.ts';
import { createRegistryProtocolRouter, type OnArchiveRead } from './api/registry-protocol.ts';
import { type RegistryServerConfig, readRegistryServerConfig } from './registry-config.ts';

/** Stand-alone registry: serves a folder of templates over the registry protocol. No engine, no store, no state. */

/** ms that open transfers get to finish after SIGTERM. */
const DRAIN_MS = 5_000;

export interface RegistryServer {
  /** `http://<host>:<port>` */
  url: string;
  source: FolderRegistry;
  close(): Promise<void>;
}

export interface RegistryServerOptions {
  onArchiveRead?: OnArchiveRead;
  /** One line of text for people; default: nowhere. */
  log?: (line: string) => void;
}

/** Starts the server; resolves when it listens. */
export async function startRegistryServer(
  config: RegistryServerConfig,
  options: RegistryServerOptions = {},
): Promise<RegistryServer> {
  const { log = () => undefined, onArchiveRead } = options;
  const source = createFolderRegistry({
    name: config.name,
    type: 'private',
    directories: [config.templatesDir],
    onProblem: ({ path, message }) => log(`not listed: ${path}: ${message}`),
  });
  const server = createServer(createApp(source, config.token, log, onArchiveRead));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(config.port, config.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return { url: `http://${host}:${port}`, source, close: () => closeServer(server) };
}

function createApp(
  source: FolderRegistry,
  token: string | undefined,
  log: (line: string) => void,
  onArchiveRead?: OnArchiveRead,
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet());
  app.get('/healthz', (_request, response) => void response.json({ ok: true }));
  if (token !== undefined) app.use(requireToken(token));
  app.use('/api/v1', createRegistryProtocolRouter(onArchiveRead ? { source, onArchiveRead } : { source }));
  app.use(notFoundMiddleware());
  app.use(
    problemMiddleware({ onInternal: (error) => log(error instanceof Error ? (error.stack ?? error.message) : String(error)) }),
  );
  return app;
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
  await closed;
  clearTimeout(force);
}

async function main(): Promise<void> {
  const server = await startRegistryServer(readRegistryServerConfig(process.env), { log: (line) => console.error(line) });
  const stop = () => void server.close().then(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
  console.log(`registry ${server.url}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
