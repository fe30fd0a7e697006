import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { LockedTemplate } from '../src/domain/lock.ts';
import { EMPTY_BOOK } from '../src/domain/policy/book.ts';
import { policyFor, type RegistryPolicy } from '../src/domain/policy/registry-policy.ts';
import type { SignatureVerdict } from '../src/domain/signature.ts';
import { createSignatureCheck } from '../src/domain/signature-check.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import { registriesFor } from './source-registries.ts';

/** A registry gets this long for signatures that nobody requires, ms: they are told of where they are at hand, and worth no waiting. */
const OPTIONAL_MS = 5_000;

/**
 * Who signed a fetched archive, as the policy of its registry asks. Where the policy depends on it, what cannot be read fails as the registry does; where nobody asks, it is as if nobody had
 * looked (undefined): an attacker who could keep signatures back could as well leave them out. Asked anew each time, since signatures come and go without the archive changing.
 */
export async function signatureOf(
  deps: ActivityDeps,
  run: StepRun,
  { registry: name, ...template }: LockedTemplate,
  trust: { verified: boolean },
): Promise<SignatureVerdict | undefined> {
  if (!deps.signatures) return undefined;
  const registries = registriesFor(deps, run.context.requester);
  const registry = await findRegistry(registries, name);
  const policy = policyFor(registry, deps.policies?.book.registryPolicies ?? EMPTY_BOOK.registryPolicies);
  const check = createSignatureCheck({ registries, blobs: deps.store.blobs, verifier: deps.signatures });
  const archive = { registry: name, name: template.name, version: template.version, digest: template.digest };
  const requirement = { identities: policy.identities, keys: policy.keys };
  if (await isNeeded(deps, policy, archive, trust)) return check(archive, requirement, run.signal);
  const limit = AbortSignal.timeout(OPTIONAL_MS);
  try {
    return await check(archive, requirement, AbortSignal.any([run.signal, limit]));
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof ChandleryError || limit.aborted)) throw error;
    deps.log.warn({ err: error, registry: name, template: template.name }, 'signatures that nobody requires cannot be read');
    return undefined;
  }
}

/** Whether the decision may depend on a signature. */
async function isNeeded(
  { store }: ActivityDeps,
  { require, confirmUnsigned, keepSigner, identities, keys }: RegistryPolicy,
  { registry, name }: { registry: string; name: string },
  { verified }: { verified: boolean },
): Promise<boolean> {
  if (require === 'signature' || identities.length + keys.length > 0) return true;
  if (!verified && (require === 'hash' || confirmUnsigned)) return true;
  return keepSigner && (await store.seen.signer(registry, name)) !== undefined;
}
