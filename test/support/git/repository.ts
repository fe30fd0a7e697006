import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { manifestText } from '../registry-folder.ts';

/** Path and text; `{ link }` is a symbolic link, `{ run }` an executable file, null removes it. */
export type TestFiles = Record<string, string | { link: string } | { run: string } | null>;

/** A repository with a working tree, and git itself for what the tests need besides. */
export class TestRepository {
  readonly root = mkdtempSync(join(tmpdir(), 'git-test-'));
  readonly work = join(this.root, 'work');
  readonly bare = join(this.root, 'bare.git');

  constructor() {
    mkdirSync(this.work);
    this.run('init', '--quiet', '--initial-branch=main');
    this.run('init', '--quiet', '--bare', '--initial-branch=main', this.bare);
  }

  get url(): string {
    return `file://${this.bare}`;
  }

  run(...args: string[]): string {
    const who = ['-c', 'user.name=Tester', '-c', 'user.email=tester@example.org', '-c', 'protocol.file.allow=always'];
    const env = { PATH: process.env.PATH, HOME: this.root, GIT_CONFIG_NOSYSTEM: '1' };
    return execFileSync('git', [...who, ...args], {
      cwd: this.work,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  /** Like `run`, with text for git to read. */
  feed(input: string | Buffer, ...args: string[]): string {
    return execFileSync('git', args, { cwd: this.work, input, encoding: 'utf8' }).trim();
  }

  /** Commits and publishes; gives the commit's id. */
  commit(files: TestFiles, ...tags: string[]): string {
    for (const [path, content] of Object.entries(files)) write(join(this.work, path), content);
    this.run('add', '--all');
    this.run('commit', '--quiet', '--allow-empty', '-m', 'change');
    for (const tag of tags) this.run('tag', '-a', '-m', tag, tag);
    return this.publish();
  }

  publish(): string {
    this.run('push', '--quiet', '--force', '--mirror', this.bare);
    return this.run('rev-parse', 'HEAD');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function write(path: string, content: TestFiles[string] | undefined): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  if (typeof content === 'string') writeFileSync(path, content);
  else if (content && 'link' in content) symlinkSync(content.link, path);
  else if (content) {
    writeFileSync(path, content.run);
    chmodSync(path, 0o755);
  }
}

/** A template of ours with one ConfigMap. */
export function templateFiles(folder: string, name: string, version: string, note = ''): TestFiles {
  const at = folder === '' ? '' : `${folder}/`;
  return {
    [`${at}template.yaml`]: manifestText({ name, version }),
    [`${at}manifests/config.yaml`]: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { note: "${note}" }\n`,
  };
}

export function chartFiles(folder: string, name: string, version: string): TestFiles {
  return {
    [`${folder}/Chart.yaml`]: `apiVersion: v2\nname: ${name}\nversion: ${version}\ndescription: A chart.\n`,
    [`${folder}/values.yaml`]: 'replicas: 1\n',
    [`${folder}/README.md`]: '# The chart\n',
    [`${folder}/charts/sub/Chart.yaml`]: 'apiVersion: v2\nname: sub\nversion: 0.1.0\n',
  };
}

export function packFiles(folder: string, name: string): TestFiles {
  return {
    [`${folder}/helmdeck-pack.yaml`]: `name: ${name}\nversion: v3\ndescription: A pack.\nhandler: { type: command, command: [run.sh] }\n`,
    [`${folder}/run.sh`]: { run: '#!/bin/sh\necho done\n' },
  };
}
