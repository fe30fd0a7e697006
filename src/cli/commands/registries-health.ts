import type { Command } from 'commander';
import type { RegistryHealth } from '../../domain/catalog-views.ts';
import type { RegistryChecks } from '../../domain/health.ts';
import { statusWords } from '../catalog-text.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { age, oneLine } from '../text.ts';

export function registriesHealth(command: Command): void {
  withOutput(command).argument('<registry>', 'its name').action(run);
  withExample(command, 'chandlery registries health local');
}

async function run(name: string, { output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).registryHealth(name);
  await printAs(output, { body, names: ({ registry }) => [registry], table: textOf });
}

function textOf({ registry, status, breaker, figures, certificate, error, checks }: RegistryHealth): string {
  const { responseMs: times, errors } = figures;
  const codes = Object.entries(errors).map(([code, count]) => `${code} ${count}`);
  const facts: Array<[string, string | undefined]> = [
    ['registry', registry],
    ['status', statusWords({ status })],
    ['breaker', breaker],
    ['calls', `${figures.calls}, of which ${figures.failures} failed`],
    ['success', percent(figures.successRate)],
    ['cache hits', percent(figures.cacheHitRate)],
    ['response', times && `${times.average} ms on average, p50 ${times.p50}, p95 ${times.p95}, p99 ${times.p99}`],
    ['refused', `credential ${figures.authFailures}, rate ${figures.rateLimitHits}`],
    ['errors', codes.join(', ')],
    ['last good', figures.lastSuccessAt && `${age(figures.lastSuccessAt)} ago`],
    ['certificate', certificate && `ends in ${certificate.days} days`],
    ['reason', error?.message],
    ...(checks ? checkFacts(checks) : []),
  ];
  return facts.flatMap(([label, value]) => (value ? [`${label.padEnd(13)}${oneLine(value)}`] : [])).join('\n');
}

/** What the servers found by the clock. */
function checkFacts({ latest, window }: RegistryChecks): Array<[string, string | undefined]> {
  const said = latest.ok ? `answered in ${latest.latencyMs} ms` : (latest.message ?? latest.code);
  const { checks, failures, pattern, bytesPerSecond } = window;
  return [
    ['last check', `${age(latest.at)} ago: ${said}`],
    ['last hour', `${pattern}: ${checks} checks, of which ${failures} failed`],
    ['throughput', bytesPerSecond === undefined ? undefined : `${Math.round(bytesPerSecond / 1_000)} kB/s`],
  ];
}

function percent(share: number | undefined): string | undefined {
  return share === undefined ? undefined : `${Math.round(share * 100)} %`;
}
