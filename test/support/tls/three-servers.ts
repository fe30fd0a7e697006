import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { stringify } from 'yaml';
import { newApiToken } from '../../../src/domain/api-token.ts';
import type { ApiClient } from '../../../tools/lab/api-client.ts';
import { type Lab, openLab } from '../../../tools/lab/index.ts';
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts';
import { createRegistryFolder, type RegistryFolder, type TemplateFixture } from '../registry-folder.ts';
import { type Authority, makeAuthority } from './authority.ts';
import { startTlsFront, type TlsFront } from './front.ts';

/** One of several servers: a process of its own, with a database of its own, behind TLS. */
interface Member {
  name: string;
  api: ApiClient;
  front: TlsFront;
  /** Between TLS and the server: what the others ask of it. */
  proxy: FaultProxy;
  databaseUrl: string;
  env: Record<string, string>;
  stop(): Promise<unknown>;
  kill(): Promise<unknown>;
  /** Starts it once more; its clients call the new process. */
  start(): Promise<void>;
}

export interface Federation {
  lab: Lab;
  authority: Authority;
  member(name: string): Member;
  close(): Promise<void>;
}

/** Servers that list each other over TLS of a private authority, each with the admin token of those it asks. */
export async function openFederation(shelves: Record<string, TemplateFixture[]>): Promise<Federation> {
  const authority = await makeAuthority('Authority of the harbour');
  const lab = await openLab();
  const names = Object.keys(shelves);
  const fronts = new Map<string, TlsFront>();
  for (const name of names) fronts.set(name, await startTlsFront(await authority.issue()));
  const tokens = new Map(names.map((name) => [name, newApiToken()]));
  const folders: RegistryFolder[] = [];
  const members = new Map<string, Member>();
  for (const [name, templates] of Object.entries(shelves)) {
    const dir = join(lab.dir, name);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'ca.pem'), authority.ca);
    await writeFile(join(dir, 'admin-token'), `${tokens.get(name)}\n`, { mode: 0o600 });
    const others = names.filter((other) => other !== name);
    const registries = others.map((other) => ({
      name: other,
      type: 'institutional',
      url: fronts.get(other)?.url,
      ca: 'ca.pem',
      credentials: { type: 'token', token: `\${TOKEN_OF_${other.toUpperCase()}}` },
    }));
    await writeFile(join(dir, 'registries.yaml'), stringify({ registries }));
    const folder = await createRegistryFolder(templates);
    folders.push(folder);
    const env = {
      CHANDLERY_DATA_DIR: dir,
      CHANDLERY_ADMIN_TOKEN_FILE: join(dir, 'admin-token'),
      CHANDLERY_REGISTRIES: join(dir, 'registries.yaml'),
      CHANDLERY_TEMPLATES_DIR: folder.dir,
      CHANDLERY_TASK_QUEUE: name,
      DATABASE_URL: await createDatabase(lab.engine.databaseUrl, name),
      ...Object.fromEntries(others.map((other) => [`TOKEN_OF_${other.toUpperCase()}`, tokens.get(other) ?? ''])),
    };
    members.set(name, await startMember(lab, name, env, fronts.get(name) as TlsFront));
  }
  return {
    lab,
    authority,
    member(name) {
      const found = members.get(name);
      if (!found) throw new Error(`there is no server ${name}`);
      return found;
    },
    async close() {
      for (const { front, proxy } of members.values()) {
        await front.close();
        await proxy.close();
      }
      await lab.close();
      for (const folder of folders) await folder.remove();
    },
  };
}

async function startMember(lab: Lab, name: string, env: Record<string, string>, front: TlsFront): Promise<Member> {
  let running = await lab.startApi({ env });
  const proxy = await startFaultProxy({ target: running.client.url });
  front.lead(proxy.url);
  const member: Member = {
    name,
    env,
    front,
    proxy,
    api: running.client,
    databaseUrl: env.DATABASE_URL ?? '',
    stop: () => running.child.stop(),
    kill: () => running.child.kill(),
    async start() {
      // On the port that it had: that is where its proxy leads.
      const { port } = new URL(running.client.url);
      running = await lab.startApi({ env: { ...env, CHANDLERY_PORT: port } });
      member.api = running.client;
    },
  };
  return member;
}

async function createDatabase(url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`).finally(() => client.end());
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
}
