import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { runRegistriesDemo } from './demo/registries/story.ts';
import { runDemo } from './demo/story.ts';

/**
 * `npm run demo`: the main job end to end on real parts, in one visible run; with --registries, one catalog over registries of all six
 * kinds. Exit code 0 when everything came out as told.
 */

const USAGE = 'npm run demo [-- [--json] [--keep] [--registries] [--lifecycle]]';
const EXIT_USAGE = 2;

async function main(): Promise<void> {
  const { json, keep, registries, lifecycle } = readFlags();
  // With --json, stdout belongs to the last line; people read the story on stderr.
  const out = json ? process.stderr : process.stdout;
  const say = (line: string) => out.write(`${line}\n`);
  if (lifecycle) say('(--lifecycle: nothing to show yet; it arrives with a later stage)');
  const run = registries ? runRegistriesDemo : runDemo;
  const report = await run({ say, keep: keep ?? false });
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exit(report.ok ? 0 : 1);
}

function readFlags() {
  try {
    const flag = { type: 'boolean' } as const;
    return parseArgs({ options: { json: flag, keep: flag, registries: flag, lifecycle: flag } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nusage: ${USAGE}\n`);
    return process.exit(EXIT_USAGE);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
