import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { jsonDigest } from '../json-digest.ts';
import type { ParameterSchema, ParameterValues } from './schema.ts';
import { withinTime } from './timed.ts';

/** Compiled schemas that are kept; a form is checked several times in a row, each check compiling would cost 5-20 ms. */
const MAX_COMPILED = 64;

const compiled = new Map<string, ValidateFunction>();

function compile(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  // One instance per schema: an instance keeps every schema it compiled for as long as it lives. Unknown keywords are the author's business.
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false, useDefaults: true, logger: false });
  addFormats.default(ajv);
  return ajv.compile(schema);
}

function validatorOf(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const digest = jsonDigest(schema);
  const validate = compiled.get(digest) ?? compile(schema);
  compiled.delete(digest);
  compiled.set(digest, validate);
  const [oldest] = compiled.keys();
  if (compiled.size > MAX_COMPILED && oldest !== undefined) compiled.delete(oldest);
  return validate;
}

/**
 * Checks the values and puts defaults into a copy of them, at every level that is there. Fails with template_invalid when the schema takes
 * too long.
 */
export function validateValues(
  schema: ParameterSchema,
  values: ParameterValues,
): { values: ParameterValues; errors: readonly ErrorObject[] } {
  const copy = structuredClone(values);
  if (schema === undefined) return { values: copy, errors: [] };
  const errors = withinTime(() => {
    const validate = validatorOf(schema);
    return validate(copy) ? [] : [...(validate.errors ?? [])];
  });
  return { values: copy, errors };
}
