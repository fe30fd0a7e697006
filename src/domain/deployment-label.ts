import { createHash } from 'node:crypto';

/** Kubernetes' limit for a label's value, in characters. */
const LABEL_VALUE_LENGTH = 63;
/** Hex digits of the suffix: 32 bits keep the few deployments of one namespace apart whose long names begin alike. */
const HASH_LENGTH = 8;

/**
 * The value of DEPLOYMENT_LABEL: the deployment's name, or, past 63 characters, its beginning with `-` and 8 hex digits of its SHA-256.
 * Two names that begin alike differ in their digits. Not for workflow code: it uses a Node built-in.
 */
export function deploymentLabelValue(name: string): string {
  if (name.length <= LABEL_VALUE_LENGTH) return name;
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
  // A cut may end in a dot or dash; taking them off keeps the value tidy, the hash keeps it unique.
  const head = name.slice(0, LABEL_VALUE_LENGTH - HASH_LENGTH - 1).replace(/[-_.]+$/, '');
  return `${head}-${suffix}`;
}
