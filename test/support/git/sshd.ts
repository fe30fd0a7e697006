import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where Debian and others put it; it insists on being called by its whole path. */
export const SSHD = '/usr/sbin/sshd';
/** A client on loopback needs a fraction of it, milliseconds. */
const ANSWER_WITHIN_MS = 10_000;

/** A real sshd on loopback that lets one key in. The demo uses it too, so nothing of the test framework may be imported here. */
export class TestSshd {
  readonly dir = mkdtempSync(join(tmpdir(), 'sshd-test-'));
  readonly user = userInfo().username;
  readonly key = this.newKey('client');
  readonly #hostKey = this.newKey('host');
  port = 0;
  #child: ChildProcess | undefined;

  /** A private key in PEM form; its public half lies beside it. */
  newKey(name: string): string {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.dir, name)]);
    return readFileSync(join(this.dir, name), 'utf8');
  }

  /** The line of known_hosts for a host key made by `newKey`. */
  knownHosts(name = 'host'): string {
    const [type, key] = readFileSync(join(this.dir, `${name}.pub`), 'utf8').split(' ');
    return `[127.0.0.1]:${this.port} ${type} ${key}\n`;
  }

  url(path: string): string {
    return `ssh://${this.user}@127.0.0.1:${this.port}${path}`;
  }

  /** Throws when a real client cannot read the repository at `url`. */
  proveAccess(url: string): void {
    const knownHosts = join(this.dir, 'known_hosts');
    writeFileSync(knownHosts, this.knownHosts());
    const options = ['BatchMode=yes', 'IdentitiesOnly=yes', `UserKnownHostsFile=${knownHosts}`].flatMap((option) => [
      '-o',
      option,
    ]);
    const ssh = ['ssh', '-F', '/dev/null', '-i', join(this.dir, 'client'), ...options].join(' ');
    const env = { PATH: process.env.PATH, HOME: this.dir, GIT_CONFIG_NOSYSTEM: '1', GIT_SSH_COMMAND: ssh };
    execFileSync('git', ['ls-remote', '--quiet', url], { env, stdio: 'ignore', timeout: ANSWER_WITHIN_MS });
  }

  async start(): Promise<void> {
    this.port = await freePort();
    // sshd of the system's own user wants its folder.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const config = join(this.dir, 'sshd_config');
    writeFileSync(
      config,
      [
        `ListenAddress 127.0.0.1:${this.port}`,
        `HostKey ${join(this.dir, 'host')}`,
        `AuthorizedKeysFile ${join(this.dir, 'client.pub')}`,
        'PidFile none',
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'PermitRootLogin prohibit-password',
        'AcceptEnv GIT_PROTOCOL',
        '',
      ].join('\n'),
    );
    if (this.#hostKey === '') throw new Error('no host key');
    this.#child = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'ignore'] });
    for (let attempt = 0; !(await answers(this.port)); attempt += 1) {
      if (attempt > 100) throw new Error('sshd does not answer');
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
