import type { Command } from 'commander';
import type { ConnectionOutcome, RegistryTest } from '../../domain/catalog-views.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { oneLine } from '../text.ts';

const DENIED: ReadonlySet<ConnectionOutcome> = new Set(['unauthorized', 'forbidden', 'denied']);

export function registriesTest(command: Command): void {
  withOutput(command).argument('<registry>', 'its name').action(run);
  withExample(command, 'chandlery registries test local');
}

async function run(name: string, { output }: OutputOptions): Promise<void> {
  const tested = await createHttpClient(readSettings()).testRegistry(name);
  await printAs(output, { body: tested, names: ({ outcome }) => [outcome], table: textOf });
  if (tested.ok) return;
  const exitCode = DENIED.has(tested.outcome) ? EXIT.denied : EXIT.unavailable;
  throw new CliError({
    message: `registry ${oneLine(tested.registry)}: ${oneLine(tested.message)}`,
    code: tested.outcome,
    exitCode,
  });
}

function textOf({ ok, outcome, elapsedMs, credential, certificate }: RegistryTest): string {
  const ends = certificate ? `, certificate ends in ${certificate.days} days` : '';
  return ok ? `ok in ${elapsedMs} ms, credential ${credential ?? 'none'}${ends}` : `${outcome} after ${elapsedMs} ms${ends}`;
}
