import { existsSync } from 'node:fs';
import { TestGitHttps } from '../../../test/support/git/https-server.ts';
import { TestRepository } from '../../../test/support/git/repository.ts';
import { SSHD, TestSshd } from '../../../test/support/git/sshd.ts';
import type { LabRegistry } from '../../lab/index.ts';
import type { Closer } from '../scene.ts';
import { BACKUP_TEMPLATE } from './content.ts';

const NAME = 'team';

/** A real Git repository: over ssh where a server for it is installed and lets this user in, else over https by git's own server. */
export async function openGitPart(closers: Closer[]): Promise<{ registry: LabRegistry; part: string }> {
  const repository = new TestRepository();
  closers.push(async () => repository.remove());
  repository.commit(BACKUP_TEMPLATE, 'v0.3.0');
  return (await overSsh(repository, closers)) ?? (await overHttps(repository, closers));
}

async function overSsh(repository: TestRepository, closers: Closer[]) {
  if (!existsSync(SSHD)) return undefined;
  let server: TestSshd | undefined;
  try {
    server = new TestSshd();
    await server.start();
    const url = server.url(repository.bare);
    server.proveAccess(url);
    const { key, port } = server;
    const credentials = { type: 'ssh_key', ssh_key: key, known_hosts: server.knownHosts() };
    closers.push(() => (server as TestSshd).stop());
    return { registry: { name: NAME, url, entry: { kind: 'git', credentials } }, part: `sshd on port ${port}, with a key` };
  } catch {
    // No ssh client, no login for this user, ...: the other way needs nothing of that.
    await server?.stop();
    return undefined;
  }
}

async function overHttps(repository: TestRepository, closers: Closer[]) {
  const server = new TestGitHttps(repository.root);
  await server.start();
  closers.push(() => server.stop());
  const url = `https://127.0.0.1:${server.port}/bare.git`;
  const registry: LabRegistry = { name: NAME, url, entry: { kind: 'git', ca: server.ca } };
  return { registry, part: 'git http-backend over TLS (no ssh server here that lets this user in)' };
}
