import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pino } from 'pino';
import { PACKAGE_ROOT, readConfig } from '../../src/config.ts';
import { openRegistries } from '../../src/registries.ts';
import { startRegistryServer } from '../../src/registry.ts';
import { type ChartFixture, createChartRepository } from './chart-repository.ts';
import { TestGitHttps } from './git/https-server.ts';
import { type TestFiles, TestRepository } from './git/repository.ts';
import { TestSshd } from './git/sshd.ts';
import { deployerSchema } from './oci/deployer-schema.ts';
import { openHelm, pushDeployer } from './oci/push.ts';
import { type DistributionOptions, ROBOT, startDistribution } from './oci/server.ts';
import { createPackCatalog, FILES } from './pack-catalog.ts';
import { createRegistryFolder } from './registry-folder.ts';
import { makeAuthority } from './tls/authority.ts';
import { startTlsFront } from './tls/front.ts';

/**
 * Real servers for the registries that pages show, and the production way to them: a file of registries, the configuration, the
 * composition that API and worker share.
 */
export class DocumentedRegistries {
  /** Where registries.yaml lies, and what it names by relative paths. It is the home of the user too. */
  readonly dir = mkdtempSync(join(tmpdir(), 'chandlery-documented-'));
  readonly #closing: Array<() => unknown> = [];

  #later(close: () => unknown): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  write(path: string, text: string): string {
    const file = join(this.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  /** Reads the list as a server does at its start. */
  open(registries: string, env: Record<string, string>) {
    const config = readConfig({
      ...env,
      HOME: this.dir,
      // Loopback may be called, over plain http too.
      CHANDLERY_ENV: 'development',
      CHANDLERY_REGISTRIES: this.write('registries.yaml', registries),
      CHANDLERY_DATA_DIR: join(this.dir, 'data'),
      CHANDLERY_CACHE_DIR: join(this.dir, 'cache'),
    });
    const opened = openRegistries(config, pino({ level: 'silent' }));
    this.#later(() => opened.close());
    return { config, set: opened.set };
  }

  /** A registry server behind TLS; `ca` is where the page says that its authority lies. Without one it is called over plain http. */
  async chandlery(template: string, token: string, ca?: string): Promise<string> {
    const folder = await this.folder(template);
    const server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'registry', templatesDir: folder, token });
    this.#later(() => server.close());
    if (ca === undefined) return server.url;
    const authority = await makeAuthority('Authority of the company');
    this.write(ca, authority.ca);
    const front = await startTlsFront(await authority.issue());
    this.#later(() => front.close());
    front.lead(server.url);
    return front.url;
  }

  async folder(template: string): Promise<string> {
    const folder = await createRegistryFolder([{ name: template, version: '1.0.0' }]);
    this.#later(() => folder.remove());
    return folder.dir;
  }

  /** A repository by real Helm. */
  async helm(chart: ChartFixture, authorization?: string): Promise<string> {
    const repository = await createChartRepository(chart);
    this.#later(() => repository.remove());
    return this.#serve(repository.dir, authorization);
  }

  async ark(item: string, authorization?: string): Promise<string> {
    const ark = { chartPath: `oci://registry.example.org/charts/${item}`, namespace: 'agents' };
    const document = { version: '1.0.0', items: [{ name: item, version: '1.0.0', description: 'An item.', ark }] };
    this.write(`ark/${item}/marketplace.json`, JSON.stringify(document));
    return this.#serve(join(this.dir, 'ark', item), authorization);
  }

  /** The same catalog behind a URL and as a folder. */
  async packs(): Promise<{ url: string; file: string }> {
    const catalog = await createPackCatalog(FILES);
    this.#later(() => catalog.remove());
    return { url: await this.#serve(catalog.dir), file: catalog.url };
  }

  /** distribution for whoever has the login, with charts by real Helm. */
  async oci(options: DistributionOptions, charts: readonly string[], deployers: readonly string[] = [], ca?: string) {
    const server = await startDistribution(options);
    this.#later(() => server.close());
    if (ca !== undefined && server.ca !== undefined) this.write(ca, readFileSync(server.ca, 'utf8'));
    const helm = await openHelm(server.host, ROBOT, server.ca);
    this.#later(() => helm.close());
    for (const path of charts) await helm.push(dirname(path), { name: basename(path), version: '1.0.0' });
    const authorization = `Basic ${Buffer.from(`${ROBOT.username}:${ROBOT.password}`).toString('base64')}`;
    for (const repository of deployers)
      await pushDeployer({ url: server.url, authorization }, repository, ['1.0.0', '1.0'], deployerSchema('1.0.0'));
    return server;
  }

  dockerLogin(...hosts: string[]): void {
    const auth = Buffer.from(`${ROBOT.username}:${ROBOT.password}`).toString('base64');
    this.write('.docker/config.json', JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { auth }])) }));
  }

  /** `branch`: another one than the default branch, which then has nothing. */
  repository(files: TestFiles, branch?: string): TestRepository {
    const repository = new TestRepository();
    this.#later(() => repository.remove());
    if (branch !== undefined) {
      repository.commit({ 'README.md': 'Nothing is here.' });
      repository.run('checkout', '--quiet', '-b', branch);
    }
    repository.commit(files);
    return repository;
  }

  /** git's own server for whoever has the token, behind TLS of the authority that the page names; without them for all, over plain http. */
  async gitHttp(repository: TestRepository, login?: { ca: string; token: string }): Promise<string> {
    const server = new TestGitHttps(repository.root);
    await server.start({ plain: login === undefined });
    this.#later(() => server.stop());
    if (login === undefined) return `http://127.0.0.1:${server.port}/bare.git`;
    this.write(login.ca, readFileSync(server.ca, 'utf8'));
    server.authorization = `Basic ${Buffer.from(`x-access-token:${login.token}`).toString('base64')}`;
    return `https://localhost:${server.port}/bare.git`;
  }

  /** Its key and its known hosts lie where the answer says. */
  async gitSsh(repository: TestRepository) {
    const server = new TestSshd();
    await server.start();
    this.#later(() => server.stop());
    return {
      url: server.url(repository.bare),
      key: join(server.dir, 'client'),
      knownHosts: this.write('known_hosts', server.knownHosts()),
    };
  }

  /** The module of the examples, where the page says that it lies. */
  plugin(path: string): void {
    this.write(path, '');
    cpSync(join(PACKAGE_ROOT, 'examples/registry-plugin/registry.mjs'), join(this.dir, path));
  }

  async #serve(dir: string, authorization?: string): Promise<string> {
    const server = createServer((request, response) => {
      if (authorization !== undefined && request.headers.authorization !== authorization)
        return response.writeHead(401, { 'www-authenticate': 'Basic realm="lab"' }).end();
      const { pathname } = new URL(request.url ?? '/', 'http://lab');
      try {
        return response.end(readFileSync(join(dir, pathname)));
      } catch {
        return response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#later(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}
