/** The catalog's rules for `helmdeck-pack.yaml`. Upstream checks none of them, so breaking one is a warning, not a refusal. */

type Json = Record<string, unknown>;

/** The only types its schema language has. */
const TYPES = ['string', 'number', 'boolean', 'object', 'array'];
const CATEGORIES = [
  ...['developer-tools', 'cloud', 'notifications', 'database', 'security', 'ai-tools'],
  ...['monitoring', 'productivity', 'media'],
];
const PACK_NAME = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;
const ENVIRONMENT_ENTRY = /^[A-Z_][A-Z0-9_]*=.+$/s;
/** characters */
const SHORTEST_DESCRIPTION = 10;
/** seconds */
const LONGEST_TIMEOUT = 3600;
/** bytes */
const SMALLEST_OUTPUT = 1024;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the catalog's own schema would object to, in words. */
export function packWarnings(pack: Json): string[] {
  return [...memberWarnings(pack), ...schemaWarnings(pack), ...handlerWarnings(pack.handler), ...trustWarnings(pack.trust)];
}

function* memberWarnings({ name, version, author, description, category, tags, needs_session }: Json): Generator<string> {
  if (typeof name !== 'string' || !PACK_NAME.test(name)) yield 'name: should be group.verb in lower case, as in cmd.upper';
  for (const [key, value] of Object.entries({ version, author }))
    if (typeof value !== 'string' || value === '') yield `${key}: should not be empty`;
  if (typeof description !== 'string' || description.length < SHORTEST_DESCRIPTION)
    yield `description: should have at least ${SHORTEST_DESCRIPTION} characters`;
  if (category !== undefined && category !== null && !CATEGORIES.includes(category as string))
    yield `category: should be one of ${CATEGORIES.join(', ')}`;
  if (tags !== undefined && tags !== null && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && tag !== '')))
    yield 'tags: should be a list of texts';
  if (needs_session !== undefined && typeof needs_session !== 'boolean') yield 'needs_session: should be true or false';
}

function* schemaWarnings(pack: Json): Generator<string> {
  for (const key of ['input_schema', 'output_schema']) {
    const schema = pack[key];
    if (!isObject(schema)) {
      yield `${key}: is missing`;
      continue;
    }
    const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
    for (const [name, property] of properties)
      if (!isObject(property) || !TYPES.includes(property.type as string))
        yield `${key}.properties.${name}.type: should be one of ${TYPES.join(', ')}`;
  }
}

function* handlerWarnings(handler: unknown): Generator<string> {
  if (!isObject(handler)) return;
  const { timeout_s: timeout, max_output_bytes: output, env } = handler;
  const isTimeout = typeof timeout === 'number' && Number.isInteger(timeout) && timeout >= 1 && timeout <= LONGEST_TIMEOUT;
  if (timeout !== undefined && !isTimeout) yield `handler.timeout_s: should be a whole number from 1 to ${LONGEST_TIMEOUT}`;
  if (output !== undefined && !(typeof output === 'number' && Number.isInteger(output) && output >= SMALLEST_OUTPUT))
    yield `handler.max_output_bytes: should be a whole number from ${SMALLEST_OUTPUT}`;
  const isEnv = Array.isArray(env) && env.every((entry) => typeof entry === 'string' && ENVIRONMENT_ENTRY.test(entry));
  if (env !== undefined && !isEnv) yield 'handler.env: should be a list of NAME=value';
}

function* trustWarnings(trust: unknown): Generator<string> {
  if (trust === undefined || trust === null) return;
  const sha256 = isObject(trust) ? trust.sha256 : '';
  // The upstream hash is in lower case, but compared ignoring case.
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[a-f0-9]{64}$/i.test(sha256)))
    yield 'trust.sha256: should be 64 hex digits';
}

/** The pack's schema language as JSON Schema: the same members and types; what it does not declare is allowed. */
export function toJsonSchema(schema: unknown): Json {
  const { properties, required } = isObject(schema) ? schema : {};
  const declared = Object.entries(isObject(properties) ? properties : {}).map(([name, property]) => [name, toProperty(property)]);
  const names = Array.isArray(required) ? [...new Set(required.filter((name) => typeof name === 'string'))] : [];
  return {
    type: 'object',
    ...(declared.length > 0 && { properties: Object.fromEntries(declared) }),
    ...(names.length > 0 && { required: names }),
  };
}

function toProperty(property: unknown): Json {
  const { type, description } = isObject(property) ? property : {};
  return {
    ...(TYPES.includes(type as string) && { type }),
    ...(typeof description === 'string' && { description }),
  };
}
