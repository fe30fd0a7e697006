import { ChandleryError, type ErrorIssue } from '../errors.ts';
import { segmentsOf } from '../json-pointer.ts';

/** As many as a reader gets use out of. */
const MAX_ISSUES = 50;

/** `parameter_invalid` for values that do not fit; each issue's path is a JSON pointer into the values, `/replicas`. */
export function parameterFailure(issues: readonly ErrorIssue[]): ChandleryError {
  const first = issues[0] ?? { path: '', message: 'is not valid' };
  const name = segmentsOf(first.path).join('.');
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const subject = name === '' ? 'parameters' : `parameter ${name}`;
  return new ChandleryError('parameter_invalid', `${subject}: ${first.message}${more}`, { issues: issues.slice(0, MAX_ISSUES) });
}
