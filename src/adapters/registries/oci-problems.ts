import { ChandleryError, type ErrorCode } from '../../domain/errors.ts';

/** Failures that are one repository's own. All others (no connection, no credential, a rate limit) say nothing about it. */
const OF_ONE_ENTRY: readonly ErrorCode[] = [
  ...(['registry_invalid', 'template_invalid', 'archive_invalid', 'digest_mismatch', 'too_large'] as const),
  ...(['authorization', 'outbound_denied'] as const),
];

/** Whether the failure concerns the entry alone, so that its neighbours can still be listed. */
export function isEntryProblem(error: unknown): error is ChandleryError {
  return error instanceof ChandleryError && OF_ONE_ENTRY.includes(error.code);
}
