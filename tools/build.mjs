// Builds dist/ (TypeScript, then the workflow bundle) when a source is newer than the last build; a no-op takes some 50 ms, so that
// `npm start` may call it every time. One builder at a time: a second one waits for the first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const STAMP = join(ROOT, 'dist', '.stamp');
const LOCK = join(ROOT, 'dist', '.building');
const SOURCES = ['src', 'workflows', 'activities', 'tools', 'bench', 'test/support'];
/** A build takes well under a minute; an older lock belongs to a builder that died. */
const LOCK_STALE_MS = 180_000;

function* filesBelow(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (/\.(ts|mjs|json)$/.test(entry.name)) yield path;
  }
}

function fingerprint(dirs, extra = []) {
  const hash = createHash('sha256');
  for (const path of [...dirs.flatMap((dir) => [...filesBelow(join(ROOT, dir))]), ...extra.map((file) => join(ROOT, file))]) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function lock() {
  mkdirSync(dirname(LOCK), { recursive: true });
  for (;;) {
    try {
      mkdirSync(LOCK);
      return;
    } catch {
      const age = existsSync(LOCK) ? Date.now() - statSync(LOCK).mtimeMs : 0;
      if (age > LOCK_STALE_MS) rmSync(LOCK, { recursive: true, force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}

function upToDate(stamp) {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp && existsSync(join(ROOT, 'dist', 'workflow-bundle.js'));
}

async function build(stamp) {
  process.stderr.write('building dist ...\n');
  const tsc = spawnSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', ROOT], {
    stdio: ['ignore', 2, 2],
    cwd: ROOT,
  });
  if (tsc.status !== 0) throw new Error('the TypeScript build failed; see above');
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'dist', 'workflows', 'index.js'),
    logger: quietLogger(),
  });
  writeFileSync(join(ROOT, 'dist', 'workflow-bundle.js'), code);
  writeFileSync(STAMP, stamp);
}

function quietLogger() {
  const silent = () => undefined;
  const loud = (message) => process.stderr.write(`${message}\n`);
  return { log: silent, trace: silent, debug: silent, info: silent, warn: loud, error: loud };
}

const stamp = () => fingerprint(SOURCES, ['tsconfig.json', 'package-lock.json']);
if (!upToDate(stamp())) {
  lock();
  try {
    const current = stamp();
    if (!upToDate(current)) await build(current);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}
