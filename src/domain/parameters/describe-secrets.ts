import type { SecretParameter } from '../rendered.ts';
import { generatedKind, type ParameterSchema, parameterSchema, secretParameters } from './schema.ts';
import { secretEntries } from './secret-entries.ts';

function lengthOf(property: Readonly<Record<string, unknown>>, key: 'minLength' | 'maxLength'): number | undefined {
  const length = property[key];
  return typeof length === 'number' && Number.isInteger(length) && length >= 0 ? length : undefined;
}

function describe(schema: ParameterSchema, name: string, hasValue: boolean): SecretParameter {
  const property = parameterSchema(schema, name);
  const generated = generatedKind(schema, name);
  const minLength = lengthOf(property, 'minLength');
  const maxLength = lengthOf(property, 'maxLength');
  const parameter: SecretParameter = {
    name,
    keys: generated === 'certificate' ? [`${name}.crt`, `${name}.key`] : [name],
    ...(generated === undefined ? {} : { generated }),
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
    present: hasValue || generated !== undefined || property.default !== undefined,
  };
  return property.default === undefined ? parameter : { ...parameter, defaults: secretEntries(parameter, property.default) };
}

/** The secret parameters with the keys they have in a Secret. `secretNames`: those that have a value, given now or kept from before. */
export function describeSecrets(schema: ParameterSchema, secretNames: readonly string[]): SecretParameter[] {
  return secretParameters(schema).map((name) => describe(schema, name, secretNames.includes(name)));
}
