import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { readConfig } from '../src/config.ts';
import { localClusterDirectory, localClusterKubeconfig } from '../src/embedded/local-cluster.ts';
import { type LocalCluster, stopCluster } from './local-cluster/cluster.ts';
import { startCluster } from './local-cluster/start.ts';
import { type ClusterStatus, clusterStatus } from './local-cluster/status.ts';

/** `npm run cluster`: a real Kubernetes control plane with simulated nodes on this machine, without Docker and without root. */

const USAGE = `npm run cluster -- up|down|status [options]
  up       start it (the first time builds it, about 6 minutes) and say how to reach it
  down     end it; what is in it is kept for the next \`up\`
  status   say what runs
options
  --directory DIR   its folder; default: \`cluster\` in CHANDLERY_DATA_DIR (~/.chandlery)
  --purge           with down: remove everything that is in it
  --no-fsync        with up: faster, and a power cut may lose the last changes
  -o, --output json with status: for programs`;
const EXIT_DOWN = 1;
const EXIT_USAGE = 2;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const { command, values } = readArguments(process.argv.slice(2));
  const config = readConfig(process.env);
  const directory = values.directory ?? localClusterDirectory(config.dataDir);
  try {
    if (command === 'up') await up(directory, config.cacheDir, !values['no-fsync']);
    else if (command === 'down') await down(directory, values.purge ?? false);
    else await status(directory, values.output === 'json');
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

function readArguments(args: string[]) {
  try {
    const flag = { type: 'boolean' } as const;
    const text = { type: 'string' } as const;
    const options = { directory: text, purge: flag, 'no-fsync': flag, output: { ...text, short: 'o' } } as const;
    const { positionals, values } = parseArgs({ args, options, allowPositionals: true });
    const [command, ...others] = positionals;
    if (!['up', 'down', 'status'].includes(command ?? '') || others.length > 0) throw new Error('say up, down or status');
    if (![undefined, 'json'].includes(values.output)) throw new Error('the only other output is json');
    return { command, values };
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\nusage: ${USAGE}`);
    return process.exit(EXIT_USAGE);
  }
}

async function up(directory: string, cacheDir: string, fsync: boolean): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const since = Date.now();
  const { cluster, already } = await startCluster({
    ...{ directory, cacheDir, fsync },
    ...{ env: process.env, log: say, signal: stopping.signal },
  });
  const seconds = ((Date.now() - since) / 1000).toFixed(1);
  say(already ? 'the cluster is up already' : `the cluster is up, after ${seconds} s`);
  introduce(cluster);
}

function introduce({ directory, server }: LocalCluster): void {
  const file = (user: string) => localClusterKubeconfig(directory, user);
  say(`server      ${server}`);
  say(`Chandlery   KUBECONFIG=${file('chandlery')} (may only act as its users; \`npm start\` finds it by itself)`);
  say(`admin       KUBECONFIG=${file('admin')}`);
  say(`more users  ${file('dev')} (edits namespace shop), ${file('viewer')} (looks at it)`);
  process.stdout.write(`${file('chandlery')}\n`);
}

async function down(directory: string, purge: boolean): Promise<void> {
  const ended = await stopCluster(directory, { purge });
  say(ended > 0 ? `ended ${ended} processes` : 'no cluster was running');
  if (purge) say(`removed ${directory}`);
}

async function status(directory: string, json: boolean): Promise<void> {
  const found = await clusterStatus(directory);
  process.stdout.write(json ? `${JSON.stringify(found)}\n` : describe(found));
  process.exitCode = found.state === 'up' ? 0 : EXIT_DOWN;
}

function describe({ state, directory, server, kubeconfig, parts }: ClusterStatus): string {
  const lines = parts.map(({ name, pid, running }) => `  ${name.padEnd(24)} ${running ? `pid ${pid}` : 'not running'}`);
  const reach = server === undefined ? [] : [`server      ${server}`, `kubeconfig  ${kubeconfig}`];
  return `${[`the cluster in ${directory} is ${state}`, ...reach, ...lines].join('\n')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
