import { canonicalJson } from '../effects.ts';
import { ChandleryError, type ErrorIssue } from '../errors.ts';
import { pointerOf } from '../json-pointer.ts';
import {
  declaredParameters,
  immutableParameters,
  type ParameterSchema,
  type ParameterValues,
  parameterSchema,
  secretParameters,
} from './schema.ts';

export interface ParameterChange {
  /** Plain values of the revision that runs, as given; what has none has its default. */
  before: ParameterValues;
  /** Plain values as they would be. */
  after: ParameterValues;
  /** Names of the secret parameters that the change gives a value; kept ones are not among them. */
  newSecrets: readonly string[];
  /** Names of the secret parameters that have a value; every one counts as having one when this is left out. */
  oldSecrets?: readonly string[];
  /** Schema of the version that runs, where it is another one: a parameter that it does not declare may be set. */
  schemaBefore?: ParameterSchema;
  /** for messages, `redis@7.2.5` */
  template?: string;
}

/** Longest value shown, characters. */
const MAX_SHOWN = 80;

function shown(value: unknown): string {
  const text = value === undefined ? 'without a value' : canonicalJson(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 3)}...` : text;
}

function effective(schema: ParameterSchema, values: ParameterValues, name: string): unknown {
  return Object.hasOwn(values, name) ? values[name] : parameterSchema(schema, name).default;
}

function messageFor(schema: ParameterSchema, name: string, change: ParameterChange): string | undefined {
  const { before, after, newSecrets, oldSecrets = newSecrets, schemaBefore = schema } = change;
  if (secretParameters(schema).includes(name)) {
    return newSecrets.includes(name) && oldSecrets.includes(name)
      ? 'cannot be changed any more: leave it out to keep it'
      : undefined;
  }
  if (!Object.hasOwn(declaredParameters(schemaBefore), name)) return undefined;
  const [was, is] = [effective(schemaBefore, before, name), effective(schema, after, name)];
  if (canonicalJson(was ?? null) === canonicalJson(is ?? null)) return undefined;
  return `cannot be changed any more: it is ${shown(was)}, and would be ${shown(is)}`;
}

/**
 * Fails with parameter_immutable, naming every parameter marked `immutable` whose value would change, be set or be taken away. Secret ones are
 * never compared: giving one again is refused.
 */
export function checkImmutable(schema: ParameterSchema, change: ParameterChange): void {
  const issues = immutableParameters(schema).flatMap((name): ErrorIssue[] => {
    const message = messageFor(schema, name, change);
    return message === undefined ? [] : [{ path: pointerOf('', name), message }];
  });
  const [first] = issues;
  if (first === undefined) return;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const whose = change.template === undefined ? '' : ` of ${change.template}`;
  throw new ChandleryError('parameter_immutable', `parameter ${first.path.slice(1)}${whose} ${first.message}${more}`, { issues });
}
