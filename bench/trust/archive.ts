import { type ChildProcess, execFile, fork } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../src/config.ts';
import type { Cleanup } from '../cleanup.ts';
import type { Figure } from '../figures.ts';
import { measurePairs } from '../pairs.ts';
import type { ScanAnswer } from '../processes/archive-scanner.ts';
import { writeTypical } from './typical.ts';

/** What it costs to fetch, hash, read and scan a large archive, beside the system's own hashing and unpacking of the file. */

const run = promisify(execFile);

/** Of ours to the system's. */
const GOAL_RATIO = 1.4;
const MEMORY_GOAL_MIB = 64;
const MIB = 1024 * 1024;
const FILES = 100;
const ROUNDS = 4;
const WARM_UP = 2;
const CHUNK_BYTES = 256 * 1024;
const SCANNER = join(PACKAGE_ROOT, 'dist', 'bench', 'processes', 'archive-scanner.js');

/** A typical template, and a hundred files of a mebibyte beside it. */
export async function measureLargeArchive(cleanup: Cleanup): Promise<{ figures: Figure[]; notes: string[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-bench-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  await makeArchive(dir, 'small', 0);
  const large = await makeArchive(dir, 'large', FILES);
  const digest = await digestOf(large);
  const base = await serve(dir, cleanup);
  const scanner = fork(SCANNER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  cleanup.add(() => scanner.kill());
  // What the program itself needs is there before the growth is counted.
  for (let done = 0; done < WARM_UP; done += 1) await ask(scanner, `${base}/small.tar`);
  const first = await ask(scanner, `${base}/large.tar`);
  let last = first;
  const paired = await measurePairs({
    ours: async () => {
      last = await ask(scanner, `${base}/large.tar`);
      if (last.digest !== digest) throw new Error('other bytes were scanned than were served');
      return last.ms;
    },
    peer: () => hashAndUntar(large, join(dir, 'unpacked')),
    rounds: ROUNDS,
    warmUp: WARM_UP,
  });
  const { ours, peer, ratio } = paired;
  return {
    figures: [
      { name: 'scan-100mb', value: ours, unit: 'ms', peer: { value: peer, ratio }, goal: GOAL_RATIO },
      { name: 'scan-100mb-memory', value: (last.most - first.before) / MIB, unit: 'MiB', goal: MEMORY_GOAL_MIB },
    ],
    notes: [
      'scan-100mb: ours with the fetch over HTTP, from a server in another process; peer is `sha256sum ARCHIVE` and then `tar -xf ARCHIVE` of the file',
      `scan-100mb-memory: ${(first.before / MIB).toFixed(0)} MiB before the first, ${(last.most / MIB).toFixed(0)} MiB at most in any of them`,
    ],
  };
}

async function makeArchive(dir: string, name: string, parts: number): Promise<string> {
  const files = join(dir, name);
  await writeTypical(files);
  const bytes = Buffer.allocUnsafe(MIB);
  for (let at = 0; at < parts; at += 1) await writeFile(join(files, `part-${at}.bin`), randomFillSync(bytes));
  const archive = join(dir, `${name}.tar`);
  await run('tar', ['-cf', archive, '-C', files, 'template.yaml', 'manifests', ...partNames(parts)]);
  return archive;
}

function partNames(parts: number): string[] {
  return Array.from({ length: parts }, (_, at) => `part-${at}.bin`);
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}

async function serve(dir: string, cleanup: Cleanup): Promise<string> {
  const server = createServer(async (request, response) => {
    const file = join(dir, request.url === '/small.tar' ? 'small.tar' : 'large.tar');
    response.writeHead(200, { 'content-type': 'application/x-tar', 'content-length': (await stat(file)).size });
    await pipeline(createReadStream(file, { highWaterMark: CHUNK_BYTES }), response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.add(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function ask(scanner: ChildProcess, url: string): Promise<ScanAnswer> {
  return new Promise((resolve, reject) => {
    const onEnd = (code: number | null) => reject(new Error(`the scanning process ended with ${code}`));
    scanner.once('exit', onEnd);
    scanner.once('message', (answer) => {
      scanner.off('exit', onEnd);
      resolve(answer as ScanAnswer);
    });
    scanner.send(url);
  });
}

/** Milliseconds. Into an empty folder each time; making it empty is not counted. */
async function hashAndUntar(archive: string, into: string): Promise<number> {
  await rm(into, { recursive: true, force: true });
  await mkdir(into);
  const startedAt = performance.now();
  await run('sha256sum', [archive]);
  await run('tar', ['-xf', archive, '-C', into]);
  return performance.now() - startedAt;
}
