import { parseExactReference } from '../domain/published.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';

/** Reads `NAME@VERSION`. Fails with a CliError: a range would hit more than one means. */
export function exactVersion(text: string): { name: string; version: string } {
  const parsed = parseExactReference(text);
  if (parsed) return parsed;
  throw new CliError({
    message: `"${text}" does not name one version`,
    exitCode: EXIT.usage,
    guidance: 'Write it as NAME@VERSION, such as redis@7.2.5.',
  });
}
