import { PARAMETER_LIMITS } from '../template-parameters.ts';
import { invalidSchema, quote } from './deployer-words.ts';
import { isJsonObject as isMap, type Json } from './json.ts';

/** `properties` of a deployer's schema.yaml, and the form they make as parameters of ours. */

/** Meanings a property may have besides its type. */
const SPECIAL = [
  ...[
    'NAME',
    'NAMESPACE',
    'IMAGE',
    'DEPLOYER_IMAGE',
    'GENERATED_PASSWORD',
    'SERVICE_ACCOUNT',
    'STORAGE_CLASS',
    'REPORTING_SECRET',
  ],
  ...['STRING', 'MASKED_FIELD', 'APPLICATION_UID', 'ISTIO_ENABLED', 'INGRESS_AVAILABLE', 'TLS_CERTIFICATE'],
] as const;
type Special = (typeof SPECIAL)[number];

/** Filled in by whoever deploys: from the deployment itself, the image or the cluster. */
const HIDDEN: readonly Special[] = [
  ...(['NAME', 'NAMESPACE', 'IMAGE', 'DEPLOYER_IMAGE', 'APPLICATION_UID', 'ISTIO_ENABLED'] as const),
  ...(['INGRESS_AVAILABLE', 'REPORTING_SECRET'] as const),
];
/** Made where nothing is given, so a person never has to. */
const MADE: readonly Special[] = ['GENERATED_PASSWORD', 'TLS_CERTIFICATE', 'SERVICE_ACCOUNT', 'STORAGE_CLASS'];
const FLAGS: readonly Special[] = ['ISTIO_ENABLED', 'INGRESS_AVAILABLE'];

const EXTENSIONS: Partial<Record<Special, Json>> = {
  GENERATED_PASSWORD: { generated: 'password', secret: true, group: 'advanced' },
  TLS_CERTIFICATE: { generated: 'certificate', secret: true, group: 'advanced' },
  MASKED_FIELD: { secret: true },
  SERVICE_ACCOUNT: { widget: 'service-account', group: 'advanced' },
  STORAGE_CLASS: { widget: 'storage-class' },
};

const TYPES: Record<string, 'string' | 'integer' | 'number' | 'boolean'> = {
  string: 'string',
  integer: 'integer',
  int: 'integer',
  number: 'number',
  boolean: 'boolean',
};
type PropertyType = (typeof TYPES)[string];
const NAME = /^[A-Za-z0-9_.-]+$/;

export interface DeployerProperty {
  name: string;
  special?: Special;
  required: boolean;
  /** As JSON Schema; enum values have the property's type. */
  schema: Json;
}

/** Reads `properties` and `required`. Fails with template_invalid. */
export function readProperties({ properties, required }: Json, version: 'v1' | 'v2', where: string): DeployerProperty[] {
  if (!isMap(properties)) throw invalidSchema(where, 'properties: is missing');
  const wanted = Array.isArray(required) ? required : [];
  const stray = wanted.find((name) => typeof name !== 'string' || !Object.hasOwn(properties, name));
  if (stray !== undefined) throw invalidSchema(where, `required: there is no property ${quote(stray)}`);
  const read = Object.entries(properties).map(([name, property]) => {
    const at = `${where}: properties.${name.slice(0, 100)}`;
    if (!NAME.test(name)) throw invalidSchema(at, 'a name has letters, digits, `_`, `.` and `-` only');
    if (!isMap(property)) throw invalidSchema(at, 'is not a map');
    const special = specialOf(property, version, at);
    const schema = schemaOf(property, special, at);
    return { name, ...(special ? { special } : {}), required: wanted.includes(name), schema };
  });
  for (const one of ['NAME', 'NAMESPACE'] as const)
    if (read.filter(({ special }) => special === one).length !== 1)
      throw invalidSchema(where, `properties: exactly one must be of the type ${one}`);
  return read;
}

function specialOf(property: Json, version: 'v1' | 'v2', at: string): Special | undefined {
  const extension = property['x-google-marketplace'];
  if (extension === undefined || extension === null) return undefined;
  const written = isMap(extension) ? extension.type : undefined;
  const special = SPECIAL.find((name) => name === written);
  if (!special) throw invalidSchema(at, `x-google-marketplace.type: ${quote(written)} is not known`);
  if (special === 'IMAGE' && version === 'v2') throw invalidSchema(at, 'schema version v2 has no properties of the type IMAGE');
  const expected = FLAGS.includes(special) ? 'boolean' : 'string';
  if (property.type !== expected) throw invalidSchema(at, `type: must be ${expected} for ${special}`);
  return special;
}

function schemaOf(property: Json, special: Special | undefined, at: string): Json {
  const type = typeof property.type === 'string' && Object.hasOwn(TYPES, property.type) ? TYPES[property.type] : undefined;
  if (!type) throw invalidSchema(at, `type: ${quote(property.type)} is none of ${Object.keys(TYPES).join(', ')}`);
  const { title, description, default: given, enum: choices } = property;
  // `default: null` says that there is none; an empty text is a value.
  const hasDefault = given !== undefined && given !== null;
  if (hasDefault && !hasType(given, type)) throw invalidSchema(at, `default: ${quote(given)} is not of the type ${type}`);
  const extension = special && EXTENSIONS[special];
  return {
    type,
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    ...(hasDefault ? { default: given } : {}),
    ...(Array.isArray(choices) && choices.length > 0 ? { enum: choices.map((choice) => coerced(choice, type, at)) } : {}),
    ...bounds(property),
    ...(extension ? { 'x-chandlery': extension } : {}),
  };
}

/** Bounds that make sense; the reference never checks them, so a wrong one is left out rather than refused. */
function bounds({ minimum, maximum, maxLength, pattern }: Json): Json {
  const isPattern = typeof pattern === 'string' && pattern.length <= PARAMETER_LIMITS.maxPatternLength && compiles(pattern);
  return {
    ...(typeof minimum === 'number' ? { minimum } : {}),
    ...(typeof maximum === 'number' ? { maximum } : {}),
    ...(typeof maxLength === 'number' && Number.isInteger(maxLength) && maxLength >= 0 ? { maxLength } : {}),
    ...(isPattern ? { pattern } : {}),
  };
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

function hasType(value: unknown, type: PropertyType): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

/** Real schemas write `enum: ['3', '5']` for integers. */
function coerced(choice: unknown, type: PropertyType, at: string): unknown {
  if (hasType(choice, type)) return choice;
  const text = String(choice);
  if (type === 'string' && typeof choice !== 'object') return text;
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (type !== 'boolean' && hasType(number, type) && !Number.isNaN(number)) return number;
  if (type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  throw invalidSchema(at, `enum: ${quote(choice)} is not of the type ${type}`);
}

/** The form: what a person may fill in, and must. */
export function formOf(properties: readonly DeployerProperty[]): Json {
  const shown = properties.filter(({ special }) => !special || !HIDDEN.includes(special));
  const required = shown.filter(
    ({ required, special, schema }) => required && !(special && MADE.includes(special)) && schema.default === undefined,
  );
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(shown.map(({ name, schema }) => [name, schema])),
    ...(required.length > 0 ? { required: required.map(({ name }) => name) } : {}),
  };
}
