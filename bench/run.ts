import { pathToFileURL } from 'node:url';
import { runCatalog } from './catalog/index.ts';
import { runDeploy } from './deploy/index.ts';
import { describeLoad, describeMachine } from './environment.ts';
import { runMain } from './main/index.ts';
import { Reporter } from './reporter.ts';
import { runTrust } from './trust/index.ts';

/** `npm run bench`: measures and prints. A missed goal says FAIL and does not change the exit code; what could not be measured does. */

const SUITES: Readonly<Record<string, (report: Reporter) => Promise<void>>> = {
  main: runMain,
  deploy: runDeploy,
  catalog: runCatalog,
  trust: runTrust,
};

const EXIT_INCOMPLETE = 1;
const EXIT_USAGE = 2;

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(SUITES, name));
  if (unknown.length > 0) {
    const known = Object.keys(SUITES).join(', ');
    process.stderr.write(`unknown benchmark: ${unknown.join(', ')}\nusage: npm run bench [-- NAME...]; the names are ${known}\n`);
    process.exit(EXIT_USAGE);
  }
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('interrupted'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const report = new Reporter((line) => process.stdout.write(`${line}\n`), stopping.signal);
  for (const line of describeMachine()) report.note(line);
  for (const [name, suite] of Object.entries(SUITES)) if (names.length === 0 || names.includes(name)) await suite(report);
  report.note(`at the end: ${describeLoad()}`);
  process.exit(report.complete ? 0 : EXIT_INCOMPLETE);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
