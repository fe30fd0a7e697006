import { auditObject } from '../src/domain/audit.ts';
import type { ChandleryError } from '../src/domain/errors.ts';
import type { Identity } from '../src/domain/store.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';

/** What is refused because of what it is, and not because something is away or was mistyped. Rules of policies write their own entry. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['untrusted', 'digest_mismatch', 'archive_invalid', 'too_large', 'template_invalid', 'scan_blocked'],
  ...['index_refused', 'publish_rejected'],
]);
/** Characters of one text in the log; it may quote an archive. */
const MAX_TEXT = 500;
/** Of an operation that wrote no entry before, such as a plan. */
const NOBODY = 'chandlery';

/** Writes down that an archive was refused: once an operation, whatever number of attempts it takes. Never fails. */
export async function auditRefusal(
  { store, log }: ActivityDeps,
  { run, input }: { run: StepRun; input: unknown },
  error: ChandleryError,
): Promise<void> {
  const { operation, target, step } = run.context;
  // What the policy says of archives the scan has written down itself.
  if (!REFUSALS.has(error.code) && (error.code !== 'policy_denied' || step === 'scan')) return;
  const requester = run.context.requester ?? (input as { requester?: Partial<Identity> } | undefined)?.requester;
  const { template, registry, digest } = error.details as Record<string, unknown>;
  try {
    await store.audit.append({
      actor: requester?.user ?? (await requesterOf(store, operation)),
      action: 'admit',
      object: auditObject.targetId(target),
      outcome: 'denied',
      code: error.code,
      operation,
      detail: { rule: step, ...texts({ template, registry, digest, message: error.message }) },
    });
  } catch (failure) {
    log.error({ err: failure, operation, code: error.code }, 'a refusal could not be written into the audit log');
  }
}

/** Steps that need no rights of the requester do not carry him; the first step has written him down. */
async function requesterOf({ auditLog }: ActivityDeps['store'], operation: string): Promise<string> {
  const [first] = await auditLog.read({ filter: { operation, outcome: 'allowed' }, order: 'oldest', limit: 1 });
  return first?.actor ?? NOBODY;
}

/** Neither NUL nor half a surrogate pair can be kept, and both can be in an archive. */
function texts(values: Record<string, unknown>): Record<string, string> {
  const known = Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(known.map(([name, text]) => [name, text.replaceAll(/\0|\p{Surrogate}/gu, '').slice(0, MAX_TEXT)]));
}
