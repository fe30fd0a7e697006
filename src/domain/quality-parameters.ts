import { validateValues } from './parameters/compiled.ts';
import { declaredParameters, isMap, type ParameterSchema, parameterSchema, secretParameters } from './parameters/schema.ts';
import type { TemplateManifest } from './template.ts';

/** What quality asks of a template's parameters. Each answers the names of those that do not do it. */

/** Values of one parameter that are tried; a list of more is no list of examples. */
const MAX_EXAMPLES = 20;
const TYPE_WORDS = ['type', 'enum', 'const', 'oneOf', 'anyOf', 'allOf'];
/** Passwords that are tried first by those who try passwords. */
const KNOWN_PASSWORD = /^(admin|password|passw0rd|secret|changeme|root|test|default|guest|12345\d*|letmein|qwerty\d*)$/i;
const SECRET_NAME = /passw(or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key/i;

/** Those without a type, or without a word on what they are. */
export function untypedParameters(schema: ParameterSchema): string[] {
  return Object.keys(declaredParameters(schema)).filter((name) => {
    const own = parameterSchema(schema, name);
    const described = typeof own.description === 'string' && own.description.trim() !== '';
    return !described || !TYPE_WORDS.some((word) => Object.hasOwn(own, word));
  });
}

/** Those that show no value, or whose examples their own schema refuses. A secret shows none, and a switch has only two. */
export function badExamples({ spec }: TemplateManifest): string[] {
  const { parameters } = spec;
  const secret = new Set(secretParameters(parameters));
  const bad = Object.keys(declaredParameters(parameters)).filter((name) => {
    const own = parameterSchema(parameters, name);
    const shown = examplesOf(own);
    const needsNone =
      secret.has(name) ||
      own.type === 'boolean' ||
      isMap(own.const) ||
      ['default', 'enum', 'const'].some((word) => Object.hasOwn(own, word));
    return (shown.length === 0 && !needsNone) || shown.some((value) => !fits(parameters, name, value));
  });
  return [...bad, ...badPackExamples(spec)];
}

/** Examples of a pack are calls: `{input, output?}`, or the input itself. */
function badPackExamples({ type, inputSchema, examples = [] }: TemplateManifest['spec']): string[] {
  if (type !== 'pack' || !inputSchema) return [];
  const inputs = examples
    .slice(0, MAX_EXAMPLES)
    .map((example) => (isMap(example) && isMap(example.input) ? example.input : example));
  const bad = inputs.some((input) => !isMap(input) || validateValues(inputSchema, input).errors.length > 0);
  return bad ? ['examples'] : [];
}

/** Those whose default their schema refuses, and secrets whose default everybody can read. */
export function badDefaults(schema: ParameterSchema): string[] {
  const secret = new Set(secretParameters(schema));
  return Object.keys(declaredParameters(schema)).filter((name) => {
    const own = parameterSchema(schema, name);
    if (!Object.hasOwn(own, 'default')) return false;
    const { default: value } = own;
    const speaksOfSecret = secret.has(name) || SECRET_NAME.test(name);
    if (typeof value === 'string' && value !== '' && (KNOWN_PASSWORD.test(value) ? speaksOfSecret : secret.has(name)))
      return true;
    return !fits(schema, name, value);
  });
}

function examplesOf(own: Record<string, unknown>): unknown[] {
  return Array.isArray(own.examples) ? own.examples.slice(0, MAX_EXAMPLES) : [];
}

/** Whether the parameter's own schema takes the value; the others are left out, so that what is required of them does not count. */
function fits(schema: ParameterSchema, name: string, value: unknown): boolean {
  if (schema === undefined) return true;
  const { $defs, definitions } = schema;
  const alone = {
    type: 'object',
    properties: { [name]: declaredParameters(schema)[name] },
    ...(isMap($defs) && { $defs }),
    ...(isMap(definitions) && { definitions }),
  };
  return validateValues(alone, { [name]: value }).errors.length === 0;
}
