import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActivityDeps } from '../../activities/deps.ts';
import { rulesetOf, scanOne } from '../../activities/scan.ts';
import { createArchiveReader } from '../../src/adapters/archive/inspect.ts';
import { packDirectory } from '../../src/adapters/archive/pack.ts';
import type { PostgresStore } from '../../src/adapters/store/index.ts';
import type { LockedTemplate } from '../../src/domain/lock.ts';
import { openValidation } from '../../src/validation.ts';
import type { Cleanup } from '../cleanup.ts';
import type { Figure } from '../figures.ts';
import { quantile, round } from '../figures.ts';
import { openStore } from '../store.ts';
import { writeTypical } from './typical.ts';

/** What the scan of an archive costs whose bytes were judged by the same rules before: the verdict is found in the store. */

/** milliseconds */
const GOAL_MS = 2;
const ROUNDS = 500;
const WARM_UP = 50;

/** Scans a typical template once, then finds its verdict again and again. Fails when the archive is read a second time. */
export async function measureCachedVerdict(cleanup: Cleanup): Promise<{ figures: Figure[]; notes: string[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-bench-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  const store = await openStore(dir, cleanup);
  const looks = { made: 0 };
  const deps = depsOf(store, looks);
  const template = await keepTypical(store, join(dir, 'typical'));
  const { signal } = new AbortController();
  const times: number[] = [];
  const firstAt = performance.now();
  await scanOne(deps, template, await rulesetOf(deps, signal), { signal });
  const first = performance.now() - firstAt;
  for (let done = 0; done < WARM_UP + ROUNDS; done += 1) {
    const startedAt = performance.now();
    const { judgement } = await scanOne(deps, template, await rulesetOf(deps, signal), { signal });
    if (done >= WARM_UP) times.push(performance.now() - startedAt);
    if (judgement.score.total === undefined) throw new Error('the kept verdict has no score');
  }
  if (looks.made !== 1) throw new Error(`the archive was read ${looks.made} times`);
  return {
    figures: [{ name: 'cached-verdict', value: quantile(times, 0.5), unit: 'ms', goal: GOAL_MS }],
    notes: [`cached-verdict: p99 ${round(quantile(times, 0.99))} ms; the first scan, which made the verdict, ${round(first)} ms`],
  };
}

function depsOf(store: PostgresStore, looks: { made: number }): ActivityDeps {
  const { inspect } = createArchiveReader();
  const ignore = () => undefined;
  return {
    store,
    registries: { all: [], default: undefined, local: undefined, get: noRegistry },
    archive: {
      inspect: (...words) => {
        looks.made += 1;
        return inspect(...words);
      },
    },
    secrets: { make: () => Promise.reject(new Error('no deployment is made here')) },
    validation: openValidation(),
    log: { info: ignore, warn: ignore, error: ignore },
  };
}

function noRegistry(name: string): never {
  throw new Error(`nothing is asked of ${name} here`);
}

async function keepTypical(store: PostgresStore, dir: string): Promise<LockedTemplate> {
  await writeTypical(dir);
  const archive = await packDirectory(dir);
  const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
  const upload = await store.blobs.openUpload('bench', digest);
  await upload.append(archive);
  await upload.complete(archive.length);
  const { length: size } = archive;
  return { registry: 'main', name: 'typical', version: '1.0.0', digest, size, dependencies: [], requiredBy: [] };
}
