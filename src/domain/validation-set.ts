import { completeness, completenessScorer, seal } from './completeness.ts';
import { contentQuality, contentSecurity } from './content/validators.ts';
import { createLicences, type LicencePolicy } from './licences/validator.ts';
import { quality, qualityScorer } from './quality.ts';
import { type RulesetPart, rulesetOf } from './ruleset.ts';
import { secretStream } from './secrets/stream.ts';
import { createSecrets, type SecretLinter } from './secrets/validator.ts';
import { securityScorer } from './security-score.ts';
import type { StreamScanner, Validator } from './validation.ts';
import type { Scorer, StatusThresholds } from './validation-score.ts';
import { PUBLISH_THRESHOLDS } from './validation-score.ts';

/** Everything that judges an archive. Scanners join by being put into these lists. */
export interface ValidationSet {
  validators: readonly Validator[];
  /** Fed while an archive is read. */
  streams: readonly StreamScanner[];
  scorers: readonly Scorer[];
  thresholds: StatusThresholds;
  /** Verdicts made with another one are not used. */
  ruleset: string;
}

/** What an operator or a composition root brings along. */
export interface ValidationParts {
  /** The library that knows the secrets of many providers. */
  secretLinter?: SecretLinter;
  licences?: LicencePolicy;
  /** Others who look: vulnerabilities, policies, plugins. */
  validators?: readonly Validator[];
  streams?: readonly StreamScanner[];
  /** States of data bases that verdicts depend on, where no validator's version tells. */
  ruleset?: readonly RulesetPart[];
  thresholds?: StatusThresholds;
}

/** The points of the scorers; raised with every change of a table. */
const SCORES = { id: 'scores', version: '1' };

/** Puts a set together, with its ruleset. */
export function createValidationSet(parts: ValidationParts = {}): ValidationSet {
  const { secretLinter, licences, thresholds = PUBLISH_THRESHOLDS } = parts;
  const validators = [
    ...[seal, createSecrets(secretLinter), contentSecurity, createLicences(licences)],
    ...[completeness, quality, contentQuality],
    ...(parts.validators ?? []),
  ];
  const streams = [secretStream, ...(parts.streams ?? [])];
  return Object.freeze({
    validators,
    streams,
    scorers: [securityScorer, qualityScorer, completenessScorer('documentation'), completenessScorer('metadata')],
    thresholds,
    ruleset: rulesetOf([...validators, ...streams, SCORES, ...(parts.ruleset ?? [])]),
  });
}

/** The set without those who speak of publishing alone. Its verdicts are of another ruleset, where there are such. */
export function forInstall(set: ValidationSet): ValidationSet {
  const validators = set.validators.filter(({ publishOnly }) => publishOnly !== true);
  if (validators.length === set.validators.length) return set;
  return { ...set, validators, ruleset: rulesetOf([{ id: 'install', version: set.ruleset }]) };
}

/** What there is without anything brought along. */
export const VALIDATION: ValidationSet = createValidationSet();
