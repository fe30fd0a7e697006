import type { TemplateReference } from '../domain/reference.ts';
import { formatReference, parseReference } from '../domain/reference.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';

/** The registry and the versions that are told as options, beside a name. */
export interface ReferenceOptions {
  registry?: string;
  version?: string;
}

/**
 * What an argument and the options beside it mean together. Fails with invalid_reference, and with a CliError where the two say
 * different things: whichever were taken, the other would be ignored in silence.
 */
export function referenceOf(argument: string, { registry, version }: ReferenceOptions): TemplateReference {
  const said = parseReference(argument);
  refuseBoth(argument, '--registry', said.registry, registry);
  refuseBoth(argument, '--version', said.range, version);
  const wanted = { ...said, ...(registry !== undefined && { registry }), ...(version !== undefined && { range: version }) };
  // Written out and read again, so that an option is held to what the argument is held to.
  return parseReference(formatReference(wanted));
}

function refuseBoth(argument: string, option: string, said: string | undefined, optional: string | undefined): void {
  if (said === undefined || optional === undefined || said === optional) return;
  throw new CliError({
    message: `${argument} says ${said}, and ${option} says ${optional}`,
    code: 'invalid_request',
    exitCode: EXIT.usage,
    guidance: 'Leave one of the two out.',
  });
}
