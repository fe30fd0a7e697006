/** Checks docker-compose.yml: that it is a valid Compose file, by the reference implementation, and that it keeps our own rules. */
import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { acquireOwnGoTool } from './own-go-tool.ts';

export interface ComposeCheckOptions {
  file: string;
  /** For example ~/.cache/chandlery. */
  cacheDir: string;
  /** Variables for building the checker; the Compose file sees none of them. */
  env: Readonly<Record<string, string | undefined>>;
  /** Variables of the Compose file. */
  variables?: Readonly<Record<string, string>>;
  log(line: string): void;
  signal?: AbortSignal | undefined;
}

export interface ComposeCheckResult {
  ok: boolean;
  /** What is wrong, one line each; empty when all is well. */
  problems: string[];
  services: string[];
}

/** As in tools/compose-check/go.mod. */
const COMPOSE_GO_VERSION = 'v2.16.2';
const CHECK_TIMEOUT_MS = 30_000;
/** What has no default must have a value while checking. */
const SAMPLE_VARIABLES = { POSTGRES_PASSWORD: 'onlyforthecheck' } as const;

const model = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string().optional(),
      healthcheck: z.object({}).loose().optional(),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      ports: z.array(z.object({ host_ip: z.string().optional(), published: z.coerce.string().optional() })).default([]),
    }),
  ),
});
type Service = z.infer<typeof model>['services'][string];

function problemsOf(name: string, service: Service): string[] {
  const [, tag] = /:([^:/@]+)(?:@.*)?$/.exec(service.image ?? '') ?? [];
  const unpinned = tag === undefined || tag === 'latest';
  const exposed = service.ports.filter(({ host_ip: address }) => address !== '127.0.0.1');
  const unordered = Object.entries(service.depends_on).filter(([, { condition }]) => condition !== 'service_healthy');
  return [
    ...(unpinned ? [`service ${name}: the image ${service.image ?? '(none)'} has no version`] : []),
    ...(service.healthcheck ? [] : [`service ${name}: has no health check`]),
    ...exposed.map(({ published }) => `service ${name}: port ${published} is published on every address, not only on 127.0.0.1`),
    ...unordered.map(([other]) => `service ${name}: does not wait until ${other} is healthy`),
  ];
}

/** Checks a Compose file. Fails with `tool_unavailable` when the checker cannot be built. */
export async function checkComposeFile(options: ComposeCheckOptions): Promise<ComposeCheckResult> {
  const checker = await acquireOwnGoTool({ ...options, folder: 'tools/compose-check', version: COMPOSE_GO_VERSION });
  const env = { ...SAMPLE_VARIABLES, ...options.variables };
  const run = promisify(execFile)(checker, [basename(options.file)], {
    cwd: dirname(resolve(options.file)),
    env,
    timeout: CHECK_TIMEOUT_MS,
  });
  const outcome = await run.catch((error: { stderr?: string; message: string }) => ({
    refused: error.stderr?.trim() || error.message,
  }));
  if ('refused' in outcome) return { ok: false, problems: [outcome.refused], services: [] };
  const { services } = model.parse(JSON.parse(outcome.stdout));
  const problems = Object.entries(services).flatMap(([name, service]) => problemsOf(name, service));
  return { ok: problems.length === 0, problems, services: Object.keys(services).sort() };
}

async function main([, script, file]: readonly string[]): Promise<void> {
  if (script === undefined || resolve(script) !== fileURLToPath(import.meta.url)) return;
  const target = file ?? 'docker-compose.yml';
  const cacheDir = join(homedir(), '.cache', 'chandlery');
  const { ok, problems, services } = await checkComposeFile({ file: target, cacheDir, env: process.env, log: console.error });
  for (const problem of problems) console.error(`${target}: ${problem}`);
  if (ok) console.log(`${target}: valid, ${services.length} services (${services.join(', ')})`);
  process.exitCode = ok ? 0 : 1;
}

await main(process.argv);
