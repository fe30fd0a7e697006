import type { ErrorIssue } from '../domain/errors.ts';
import { ChandleryError, ERROR_CATALOGUE, isErrorCode } from '../domain/errors.ts';
import type { FailureView, OperationView } from '../domain/operation.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { oneLine } from './text.ts';

/** Something went wrong, in the parts a person needs: what, the word for it, where, what to do. */
export interface Trouble {
  message: string;
  exitCode: number;
  code?: string;
  guidance?: string;
  issues?: ErrorIssue[];
  alternatives?: string[];
  /** Id of the operation concerned. */
  operation?: string;
  requestId?: string;
}

/** Ends the command; main writes it to stderr. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(readonly trouble: Trouble) {
    super(trouble.message);
  }
}

/** Guidance in the words of the command line, where the catalogue speaks of the API. */
const ADVICE: Record<string, (operation?: string) => string> = {
  config_invalid: () => 'Correct the file or the option that is named, and run the command again.',
  unauthenticated: () => 'Set CHANDLERY_TOKEN; the server names its token file when it starts.',
  invalid_request: () => 'Correct the command line; see --help.',
  template_not_found: () => 'Find it with `chandlery search WORD`, or name its registry: REGISTRY/NAME.',
  version_not_found: () => 'List the versions with `chandlery show NAME`.',
  registry_exists: () => 'Choose another name, or change it with `chandlery registries update NAME`.',
  registry_changed: () => 'Look at it with `chandlery registries show NAME`, then repeat the command.',
  registry_test_failed: () => 'Correct what is named, or leave --test out.',
  install_not_found: () => 'List what is installed with `chandlery installed -A`.',
  operation_not_found: () => 'List the operations with `chandlery ops`.',
  target_busy: (id) =>
    `Wait for it with \`chandlery ops watch ${id ?? 'ID'}\`, or stop it with \`chandlery ops cancel ${id ?? 'ID'}\`.`,
  operation_running: (id) => `Wait for it with \`chandlery ops watch ${id ?? 'ID'}\`.`,
  operation_ended: (id) => `See it with \`chandlery ops show ${id ?? 'ID'}\`.`,
  superseded: (id) => `Run everything again with \`chandlery ops replay ${id ?? 'ID'} --from start\`.`,
  unsigned_needs_confirmation: () => 'Add --accept-unsigned if you accept that.',
  lock_stale: () => 'Install without --locked, with --lock-file, to write the lock anew.',
  in_use: () => 'Uninstall or destroy the dependents named first.',
  deployment_not_found: () => 'List the deployments with `chandlery deployments -A`.',
  deployment_exists: () => 'Change it with `chandlery deployments upgrade NAME`, or choose another name with --name.',
  revision_not_found: () => 'List the revisions with `chandlery deployments revisions NAME`.',
  plan_not_found: () => 'Make the plan again with `chandlery plan`.',
  plan_stale: () => 'Make the plan again with `chandlery plan`, and look at it.',
  parameter_invalid: () => 'Correct it; `chandlery show TEMPLATE` tells what each parameter may be.',
  field_conflict: () => 'Let the other manager give the field up, or take it over with --force.',
  source_not_found: () => 'List the sources with `chandlery sources -n NAMESPACE`.',
  source_exists: () => 'Change it with `chandlery sources edit NAME`, or choose another name.',
  source_invalid: () => 'Correct what is said; names and addresses are described in `chandlery sources add --help`.',
  marketplace_not_ready: () => 'Fetch it with `chandlery packs refresh`, which tells what stands in the way.',
  pack_not_in_catalog: () => 'List the packs with `chandlery packs`, or fetch the catalog again with `chandlery packs refresh`.',
  not_owner: () => 'Choose another name, or ask an owner (`chandlery owners NAME`) to add you with --add.',
  version_exists: () => 'Publish it under a new version: a published one never changes.',
  secret_input_gone: () => 'Give the secret values again with --set-secret.',
};

/** What to do, for a code of the catalogue or one that only the server knows. */
export function guidanceFor(code: string, operation?: string, fallback?: string): string | undefined {
  const advice = Object.hasOwn(ADVICE, code) ? ADVICE[code]?.(operation) : undefined;
  return advice ?? fallback ?? (isErrorCode(code) ? ERROR_CATALOGUE[code].guidance : undefined);
}

/** Any thrown value as trouble. What nobody foresaw is a fault of the CLI. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof CliError) return error.trouble;
  if (error instanceof ChandleryError) return fromCatalogue(error);
  return {
    message: error instanceof Error ? error.message : String(error),
    exitCode: EXIT.failed,
    code: 'internal',
    guidance: 'This is an error of the command itself; report it.',
  };
}

function fromCatalogue({ code, message, details }: ChandleryError): Trouble {
  const { issues, alternatives, operation } = details;
  const guidance = guidanceFor(code, operation);
  return {
    message,
    code,
    exitCode: exitCodeOf(code),
    ...(guidance !== undefined && { guidance }),
    ...(issues && { issues }),
    ...(alternatives && { alternatives }),
    ...(operation !== undefined && { operation }),
  };
}

/** Why an operation did not succeed. Undefined when it did. */
export function troubleOfOperation(operation: OperationView): Trouble | undefined {
  if (operation.state === 'succeeded') return undefined;
  const { failure, id, state } = operation;
  if (!failure)
    return {
      message: `the operation ended ${state}`,
      exitCode: state === 'cancelled' ? EXIT.cancelled : EXIT.failed,
      operation: id,
    };
  const guidance = guidanceFor(failure.code, id, failure.guidance);
  return {
    message: failure.step === undefined ? failure.message : `${failure.step}: ${failure.message}`,
    code: failure.code,
    exitCode: state === 'cancelled' ? EXIT.cancelled : exitCodeOf(failure.code),
    ...(guidance !== undefined && { guidance }),
    ...issuesOf(failure),
    operation: id,
  };
}

function issuesOf({ details }: FailureView): Pick<Trouble, 'issues' | 'alternatives'> {
  return {
    ...(details?.issues && { issues: details.issues }),
    ...(details?.alternatives && { alternatives: details.alternatives }),
  };
}

/** The lines for stderr; the first begins with `error:`. */
export function troubleLines(trouble: Trouble): string[] {
  const { message, code, issues = [], alternatives = [], guidance, operation, requestId } = trouble;
  // One problem is usually in the message already.
  const places = issues
    .filter((issue) => issues.length > 1 || !message.includes(issue.message))
    .map((issue) => `  at ${oneLine(place(issue))}`);
  return [
    `error: ${oneLine(message)}`,
    ...(code === undefined ? [] : [`  code: ${oneLine(code)}`]),
    ...places,
    ...(alternatives.length === 0 ? [] : [`  did you mean ${alternatives.map(oneLine).join(', ')}?`]),
    ...(operation === undefined ? [] : [`  operation: ${oneLine(operation)}`]),
    ...(code === 'internal' && requestId !== undefined ? [`  request id: ${oneLine(requestId)}`] : []),
    ...(guidance === undefined ? [] : [`  what to do: ${oneLine(guidance)}`]),
  ];
}

function place({ path, message, line, column }: ErrorIssue): string {
  const at = line === undefined ? '' : `${line}:${column ?? 1} `;
  return `${at}${path}${path === '' ? '' : ': '}${message}`;
}
