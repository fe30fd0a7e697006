import type { ErrorIssue } from '../../domain/errors.ts';
import { LIMITS } from './limits.ts';
import { clip, type Failure } from './status.ts';

/** `.spec.foo: field not declared in schema`, as server-side apply lists what it could not read. */
const TYPED_LINE = /(?:^|\n|\): )\s*(\.[^\s:]+): ([^\n]*)/g;
const UNKNOWN_FIELD = /(unknown|duplicate) field "([^"]*)"/g;

/**
 * The places that were wrong. For a Secret only places are taken and the words are ours: the server quotes values in its
 * own, and an admission webhook may quote anything.
 */
export function issuesOf(failure: Failure, secret: boolean): ErrorIssue[] {
  const found = [...causeIssues(failure, secret), ...typedIssues(failure, secret), ...strictIssues(failure, secret)];
  const issues = secret ? found.map((issue) => ({ ...issue, path: secretPath(issue.path) })) : found;
  if (issues.length > 0) return issues.slice(0, LIMITS.issues);
  return [{ path: '', message: secret ? WORDLESS : clip(failure.message) }];
}

/** Cut before a step that is no field of a Secret and no key it may have: that can be a value in the wrong place. */
function secretPath(path: string): string {
  return SECRET_PATH.exec(path)?.[0] ?? '';
}

const SECRET_PATH = /^\/(?:data|stringData|metadata|type|immutable)(?=\/|$)(?:\/[-._a-zA-Z0-9]+(?=\/|$))*/;
const WORDLESS = 'the cluster does not accept it; its words are not shown, because they can hold the secret';

function causeIssues({ causes }: Failure, secret: boolean): ErrorIssue[] {
  return causes
    .filter(({ field }) => field !== undefined)
    .map(({ field = '', message = '', reason = '' }) => ({
      path: fieldPointer(field),
      message: secret ? (REASONS[reason] ?? WORDLESS) : clip(message),
    }));
}

function typedIssues({ message, causes }: Failure, secret: boolean): ErrorIssue[] {
  if (causes.length > 0 || !message.includes('typed patch object')) return [];
  return [...message.matchAll(TYPED_LINE)].map(([, field = '', text = '']) => ({
    path: fieldPointer(field),
    message: secret ? 'the field is not of this kind of object, or its value is of another type' : text,
  }));
}

function strictIssues({ message }: Failure, secret: boolean): ErrorIssue[] {
  if (secret || !message.includes('strict decoding error')) return [];
  return [...message.matchAll(UNKNOWN_FIELD)].map(([, what = '', field = '']) => ({
    path: fieldPointer(field),
    message: `${what} field`,
  }));
}

/** Values of `reason` in a cause that speak of a field. */
const REASONS: Readonly<Record<string, string>> = {
  FieldValueNotFound: 'not found',
  FieldValueRequired: 'required',
  FieldValueDuplicate: 'a duplicate',
  FieldValueInvalid: 'not valid',
  FieldValueNotSupported: 'not one of the supported values',
  FieldValueForbidden: 'not allowed here',
  FieldValueTooLong: 'too long',
  FieldValueTypeInvalid: 'of another type than expected',
};

/** `spec.containers[0].name` as the JSON pointer `/spec/containers/0/name`; what stands in brackets is one step, dots and all. */
export function fieldPointer(field: string): string {
  const steps = field.match(/\[[^\]]*\]|[^.[\]]+/g) ?? [];
  return steps
    .map((step) => step.replace(/^\[(.*)\]$/, '$1').replace(/^"(.*)"$/, '$1'))
    .map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
