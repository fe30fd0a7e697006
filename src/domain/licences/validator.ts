import { jsonDigest } from '../json-digest.ts';
import { placeInManifest } from '../manifest-place.ts';
import type { Finding, Severity, ValidationSubject, Validator } from '../validation.ts';
import { canBeKept, isListed, parseLicence } from './expression.ts';

/** Which licences an organisation takes. */
export interface LicencePolicy {
  /** Left out: every one that is not denied. */
  allow?: readonly string[];
  deny?: readonly string[];
}

/** The licence of a template, by the lists of whoever runs this server. */
export function createLicences(policy: LicencePolicy = {}): Validator {
  const { allow, deny = [] } = policy;
  return {
    id: 'licences',
    stage: 'security',
    covers: 'licences',
    version: allow === undefined && deny.length === 0 ? '1' : `1+${jsonDigest(policy)}`,
    async validate(subject) {
      const { license } = subject.manifest.metadata;
      if (license === undefined || license.trim() === '')
        return allow ? [finding(subject, 'unknown', 'high', 'names no licence', allow)] : [];
      const expression = parseLicence(license);
      const shown = JSON.stringify(license.slice(0, 100));
      if (!expression)
        return [finding(subject, 'unknown', allow ? 'high' : 'low', `${shown} is not a licence that SPDX knows`, allow)];
      if (!canBeKept(expression, (licence) => !isListed(licence, deny)))
        return [finding(subject, 'denied', 'critical', `${license} is denied here`)];
      if (allow && !canBeKept(expression, (licence) => isListed(licence, allow) && !isListed(licence, deny)))
        return [finding(subject, 'not-allowed', 'critical', `${license} is not among the licences that are allowed here`, allow)];
      return [];
    },
  };
}

function finding(subject: ValidationSubject, id: string, severity: Severity, why: string, allow?: readonly string[]): Finding {
  const which = allow === undefined ? 'such as Apache-2.0' : `one of ${allow.slice(0, 10).join(', ')}`;
  return {
    id: `licences/${id}`,
    severity,
    ...placeInManifest(subject, '/metadata/license'),
    explanation: why,
    recommendation:
      id === 'denied' ? 'Use another template.' : `Name the licence in metadata.license as an SPDX expression, ${which}.`,
  };
}
