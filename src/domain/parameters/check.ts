import type { ErrorObject } from 'ajv';
import type { ErrorIssue } from '../errors.ts';
import { pointerOf, segmentsOf } from '../json-pointer.ts';
import { nearest, violationsOf } from '../schema-words.ts';
import { boundsIssues } from './bounds.ts';
import { validateValues } from './compiled.ts';
import { parameterFailure } from './failure.ts';
import {
  declaredParameters,
  generatedKind,
  isMap,
  type ParameterSchema,
  type ParameterValues,
  secretParameters,
  splitParameters,
} from './schema.ts';

/** Names listed when none of them is near. */
const MAX_LISTED = 20;

export interface ParametersToCheck {
  schema: ParameterSchema;
  plain: ParameterValues;
  /** Values of secret parameters, where they are at hand: only the API has them. */
  secret?: ParameterValues;
  /** Names of the secret parameters that have a value, given now or kept from before. */
  secretNames?: readonly string[];
  /** for messages, `redis@7.2.5` */
  template?: string;
}

export interface CheckedParameters {
  /** The plain values with defaults, as templates are rendered with. */
  plain: ParameterValues;
  /** The secret values at hand, with the defaults of those that have no value at all. */
  secret: ParameterValues;
}

function unknownIssues({ schema, plain, secret = {}, template = 'the template' }: ParametersToCheck): ErrorIssue[] {
  // An author who lets other names in has said so; otherwise a mistyped name would be silently without effect.
  if (schema?.patternProperties !== undefined || (schema?.additionalProperties ?? false) !== false) return [];
  const known = Object.keys(declaredParameters(schema));
  const unknown = [...Object.keys(plain), ...Object.keys(secret)].filter((name) => !known.includes(name));
  return unknown.map((name) => {
    const near = nearest(name, known);
    const takes = `${template} takes ${known.length === 0 ? 'none' : known.slice(0, MAX_LISTED).join(', ')}`;
    return {
      path: pointerOf('', name),
      message: `there is no such parameter: ${near === undefined ? takes : `did you mean "${near}"?`}`,
    };
  });
}

/** Errors are worded from the data they are about; that of a secret must not get into them. The description says more than a pattern only to us. */
function wordable(error: ErrorObject, secret: ReadonlySet<string>): ErrorObject {
  const [name] = segmentsOf(error.instancePath);
  const { description: _, ...parentSchema } = (error.parentSchema ?? {}) as Record<string, unknown>;
  // Of a wrong type only the kind is told.
  const hidden = name !== undefined && secret.has(name) && error.keyword !== 'type';
  return { ...error, parentSchema, ...(hidden ? { data: '(secret)' } : {}) };
}

function isAbout(path: string, names: ReadonlySet<string>): boolean {
  const [name] = segmentsOf(path);
  return name !== undefined && names.has(name);
}

/**
 * Checks values by the template's schema and puts its defaults in, at every level that is there. A secret whose value is not at hand counts
 * as given. Fails with parameter_invalid: each issue's path is a JSON pointer into the values, its message says what is allowed; or with
 * template_invalid when the schema takes too long.
 */
export function checkParameters(given: ParametersToCheck): CheckedParameters {
  const { schema, secret = {}, secretNames = [] } = given;
  const secrets = secretParameters(schema);
  const plain = withoutSecrets(given, secrets);
  const bad = boundsIssues({ ...plain, ...secret });
  if (bad.length > 0) throw parameterFailure(bad);

  // Kept and made-up values are not at hand: something stands in for them, so that rules about presence hold, and is not itself checked.
  const standIns = new Set(
    secrets.filter(
      (name) => !Object.hasOwn(secret, name) && (secretNames.includes(name) || generatedKind(schema, name) !== undefined),
    ),
  );
  const input = { ...plain, ...secret, ...Object.fromEntries([...standIns].map((name) => [name, ''])) };
  const { values, errors } = validateValues(schema, input);
  const telling = errors.filter((error) => !isAbout(error.instancePath, standIns) && !isUnknownAtRoot(error));
  const violations = violationsOf(
    telling.map((error) => wordable(error, new Set(secrets))),
    () => undefined,
  );
  const issues = [
    ...unknownIssues({ ...given, plain }),
    ...violations.map(({ pointer, message }) => aboutMissing({ path: pointer, message })),
  ];
  if (issues.length > 0) throw parameterFailure(issues);
  return splitParameters(schema, Object.fromEntries(Object.entries(values).filter(([name]) => !standIns.has(name))));
}

/** A parameter that became secret with this version has an old, plain value: it counts no more once a secret one is there. */
function withoutSecrets({ plain, secret, secretNames = [] }: ParametersToCheck, secrets: readonly string[]): ParameterValues {
  const replaced = (name: string) => secretNames.includes(name) || Object.hasOwn(secret ?? {}, name);
  const open = secrets.filter((name) => Object.hasOwn(plain, name) && !replaced(name));
  const issues = open.map((name) => ({
    path: pointerOf('', name),
    message: 'is secret in this version of the template: give it again',
  }));
  if (issues.length > 0) throw parameterFailure(issues);
  return Object.fromEntries(Object.entries(plain).filter(([name]) => !secrets.includes(name)));
}

function isUnknownAtRoot(error: ErrorObject): boolean {
  return error.keyword === 'additionalProperties' && error.instancePath === '' && !isMap(error.schema);
}

const MISSING = /^"(.+)" is missing$/;

/** A missing parameter is an issue of that parameter, not of the whole. */
function aboutMissing(issue: ErrorIssue): ErrorIssue {
  const name = issue.path === '' ? MISSING.exec(issue.message)?.[1] : undefined;
  return name === undefined ? issue : { path: pointerOf('', name), message: 'is required: give it a value' };
}
