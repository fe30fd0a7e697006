import { ChandleryError } from '../errors.ts';
import { jsonDigest } from '../json-digest.ts';
import type { LicencePolicy } from '../licences/validator.ts';
import type { RegistryType } from '../registry.ts';
import type { StatusThresholds } from '../validation-score.ts';
import type { PolicyRule } from './engine.ts';
import { POLICY_LIMITS } from './engine.ts';
import type { PolicyFile } from './policy-file.ts';
import { policyFor, type RegistryPolicy, type RegistryPolicyEntry, saidTwice } from './registry-policy.ts';
import { selects } from './selector.ts';
import type { Waiver } from './waivers.ts';

/** All policies of a server, read once at its start. */
export interface PolicyBook {
  rules: readonly PolicyRule[];
  registryPolicies: readonly RegistryPolicyEntry[];
  waivers: readonly Waiver[];
  /** What is taken, whatever registry it comes from; absent where nobody said. */
  licences?: LicencePolicy;
  /** What is rejected, or should be reviewed, when it is published here; absent where nobody said. */
  publish?: StatusThresholds;
  /** Of everything above: what a decision was made by, and part of the ruleset by which verdicts are cached. */
  digest: string;
}

export const EMPTY_BOOK: PolicyBook = bookOf([]);

/** Joins the files. Fails with config_invalid for names and registries that are spoken of twice. */
export function bookOf(files: readonly PolicyFile[]): PolicyBook {
  const rules = files.flatMap((file) => file.rules);
  const registryPolicies = files.flatMap((file) => file.registryPolicies);
  const waivers = files.flatMap((file) => file.waivers);
  const [licences, second] = files.flatMap((file) => file.licencePolicies);
  const [publish, another] = files.flatMap((file) => file.publishPolicies);
  const ids = rules.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) < at);
  if (twice !== undefined) throw invalid(`there are two rules ${twice}: give one of the policies another name`);
  const said = saidTwice(registryPolicies);
  if (said !== undefined) throw invalid(`two RegistryPolicies speak of the ${said}: join them`);
  if (second) throw invalid('there are two LicencePolicies: join them');
  if (another) throw invalid('there are two PublishPolicies: join them');
  if (rules.length > POLICY_LIMITS.rules) throw invalid(`there are ${rules.length} rules, ${POLICY_LIMITS.rules} are allowed`);
  if (waivers.length > POLICY_LIMITS.waivers)
    throw invalid(`there are ${waivers.length} waivers, ${POLICY_LIMITS.waivers} are allowed`);
  const book = { rules, registryPolicies, waivers, ...(licences && { licences }), ...(publish && { publish }) };
  return Object.freeze({ ...book, digest: jsonDigest(book) });
}

/** What of the book concerns one template of one registry. */
export function policiesFor(
  book: PolicyBook,
  registry: { name: string; type: RegistryType },
  template: string,
): { policy: RegistryPolicy; rules: PolicyRule[] } {
  return {
    policy: policyFor(registry, book.registryPolicies),
    rules: book.rules.filter(({ appliesTo }) => selects(appliesTo, { registry, template })),
  };
}

function invalid(message: string): ChandleryError {
  return new ChandleryError('config_invalid', `the policies are not valid: ${message}`);
}
