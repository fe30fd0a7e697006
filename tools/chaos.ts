import { pathToFileURL } from 'node:url';
import type { Finding } from './chaos/findings.ts';
import { FINDING_KINDS } from './chaos/findings.ts';
import type { ChaosOptions } from './chaos/options.ts';
import { CHAOS_USAGE, parseChaosOptions, UsageError } from './chaos/options.ts';
import { runChaos } from './chaos/run.ts';

/** `npm run chaos`: installs under SIGKILLs, then a count at the sinks. The last line of stdout is the result as JSON. */

/** Something was lost, doubled, stuck or orphaned, or the run could not be made. */
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** The rest is in the counts. */
const MAX_SHOWN_FINDINGS = 50;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('the run was interrupted'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const { findings, kills, ...more } = await runChaos(options, { say, signal: stopping.signal });
    for (const { kind, text } of findings.slice(0, MAX_SHOWN_FINDINGS)) say(`${kind}: ${text}`);
    const counts = countFindings(findings);
    process.stdout.write(`${JSON.stringify({ installs: options.installs, kills, ...counts, seed: options.seed, ...more })}\n`);
    process.exit(findings.length === 0 ? 0 : EXIT_FAILED);
  } catch (error) {
    if (stopping.signal.aborted) say('interrupted; everything was stopped');
    else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(EXIT_FAILED);
  }
}

function readOptions(args: string[]): ChaosOptions {
  try {
    return parseChaosOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message}\n${CHAOS_USAGE}`);
    return process.exit(EXIT_USAGE);
  }
}

function countFindings(findings: readonly Finding[]): Record<Finding['kind'], number> {
  const count = (kind: Finding['kind']) => findings.filter((finding) => finding.kind === kind).length;
  return Object.fromEntries(FINDING_KINDS.map((kind) => [kind, count(kind)])) as Record<Finding['kind'], number>;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
