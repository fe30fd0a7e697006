import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PACKAGE_ROOT } from '../src/config.ts';
import { alterHistory } from './histories/alter.ts';
import { DEPLOY_TAKES } from './histories/deploy-takes.ts';
import { ENGINE_TAKES } from './histories/engine-takes.ts';
import { openStudio } from './histories/studio.ts';
import { TAKES } from './histories/takes.ts';

/**
 * Records one run of each outcome into test/histories/, to be replayed against every later build. Existing files are kept: a history is
 * a promise about a shipped version. `npm run histories -- --again NAME` records one anew, for a workflow that was never shipped.
 */

const FOLDER = join(PACKAGE_ROOT, 'test', 'histories');

async function main(): Promise<void> {
  const again = new Set(process.argv.slice(process.argv.indexOf('--again') + 1));
  await mkdir(join(FOLDER, 'altered'), { recursive: true });
  const studio = await openStudio((line) => process.stderr.write(`${line}\n`));
  try {
    for (const [name, take] of Object.entries({ ...TAKES, ...DEPLOY_TAKES })) {
      if (!again.has(name) && existsSync(join(FOLDER, `${name}.json`))) continue;
      const id = await take(studio);
      const { body } = await studio.client.get(`/api/v1/operations/${id}/history`);
      await keep(join(FOLDER, `${name}.json`), body, again.has(name));
      if (name === 'install-succeeded')
        await keep(join(FOLDER, 'altered', 'steps-swapped.json'), alterHistory(body), again.has(name));
    }
    for (const [name, take] of Object.entries(ENGINE_TAKES)) {
      if (!again.has(name) && existsSync(join(FOLDER, `${name}.json`))) continue;
      await keep(join(FOLDER, `${name}.json`), JSON.parse(await take(studio)), again.has(name));
    }
  } finally {
    await studio.close();
  }
}

async function keep(file: string, history: unknown, replace: boolean): Promise<void> {
  try {
    await writeFile(file, `${anonymous(JSON.stringify(history, null, 1))}\n`, { flag: replace ? 'w' : 'wx' });
    process.stderr.write(`recorded ${file}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Stack traces name folders and workers name their host: neither matters to a replay, and both speak of one machine. */
function anonymous(text: string): string {
  return text.replaceAll(`${PACKAGE_ROOT}/`, '').replaceAll(`@${hostname()}"`, `@recorder"`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main();
  process.exit(0);
}
