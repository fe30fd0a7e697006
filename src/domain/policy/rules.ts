import { compareVersions } from '../versions.ts';
import type { RegistryRule } from './rule.ts';
import { SIGNATURE_RULES } from './signature-rules.ts';

/** The rules of a registry's policy, each on its own: what it looks at, and what is wrong with it, if anything. */

const DAY_MS = 86_400_000;

const registryAllowed: RegistryRule = {
  id: 'registry-allowed',
  code: 'policy_denied',
  judge: ({ facts: { registry }, policy: { allow } }) => ({
    input: { registry: registry.name, type: registry.type, allow },
    ...(!allow && { wrong: `nothing may be installed from the ${registry.type} registry ${registry.name}` }),
    fine: `the registry ${registry.name} is allowed`,
  }),
};

const minimumScore: RegistryRule = {
  id: 'minimum-score',
  code: 'policy_denied',
  judge({ facts: { score }, policy: { minimumScore: minimum } }) {
    if (minimum === 0) return undefined;
    const wrong = score === undefined ? 'it was not scored' : `it has ${score} points`;
    return {
      input: { score: score ?? null, minimum },
      ...((score === undefined || score < minimum) && { wrong: `${wrong}, and ${minimum} are wanted` }),
      fine: `it has ${score} points, and ${minimum} are wanted`,
    };
  },
};

const releaseAge: RegistryRule = {
  id: 'minimum-release-age',
  code: 'policy_denied',
  judge({ facts: { knownSince }, policy: { minimumReleaseAgeMs: minimum }, now }) {
    if (minimum === 0) return undefined;
    const age = knownSince === undefined ? undefined : now - knownSince;
    const known = age === undefined ? 'nobody knows since when it has been out' : `it has been out for ${days(age)}`;
    return {
      input: { knownSince: knownSince === undefined ? null : new Date(knownSince).toISOString(), minimum: days(minimum) },
      // A time to come is no age: a registry with a wrong clock, or one that lies.
      ...((age === undefined || age < minimum) && { wrong: `${known}, and ${days(minimum)} are wanted` }),
      fine: `${known}, and ${days(minimum)} are wanted`,
    };
  },
};

const noDowngrade: RegistryRule = {
  id: 'no-downgrade',
  code: 'policy_denied',
  judge({ facts: { installedVersion, template }, policy: { refuseDowngrade } }) {
    if (!refuseDowngrade || installedVersion === undefined) return undefined;
    const lower = compareVersions(template.version, installedVersion) < 0;
    return {
      input: { installed: installedVersion, chosen: template.version },
      ...(lower && { wrong: `${installedVersion} is installed, and ${template.version} is older` }),
      fine: `${template.version} is not older than ${installedVersion}, which is installed`,
    };
  },
};

const confirmed: RegistryRule = {
  id: 'confirm-unsigned',
  code: 'unsigned_needs_confirmation',
  judge({ facts: { signature, trust, acceptUnsigned }, policy: { confirmUnsigned } }) {
    if (!confirmUnsigned) return undefined;
    const trusted = signature?.state === 'verified' || trust.verified;
    return {
      input: { hash: trust.verified, signature: signature?.state ?? 'unsigned', acceptUnsigned },
      ...(!trusted &&
        !acceptUnsigned && { wrong: `nobody signed or sealed it, and nobody said that this is accepted: ${trust.note}` }),
      fine: trusted ? 'it is signed or sealed' : 'the person accepted it unsigned',
    };
  },
};

/** In the order in which they are asked; the first that denies gives the error its code. The confirmation is last: a person is not asked in vain. */
export const REGISTRY_RULES: readonly RegistryRule[] = [
  registryAllowed,
  ...SIGNATURE_RULES,
  minimumScore,
  releaseAge,
  noDowngrade,
];

/** After everything else, findings included. */
export const LAST_RULE: RegistryRule = confirmed;

function days(ms: number): string {
  return ms < DAY_MS ? `${Math.round(ms / 360_000) / 10} hours` : `${Math.round(ms / (DAY_MS / 10)) / 10} days`;
}
