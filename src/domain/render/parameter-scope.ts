import { declaredParameters, type ParameterSchema, type ParameterValues, parameterSchema } from '../parameters/schema.ts';
import type { SecretParameter } from '../rendered.ts';
import { nearest } from '../schema-words.ts';
import { secretToken } from './secret-tokens.ts';

type ScalarType = 'integer' | 'number' | 'boolean';

export type Binding = { kind: 'plain'; value: unknown; type?: ScalarType } | { kind: 'secret'; parameter: SecretParameter };

const SCALARS: readonly unknown[] = ['integer', 'number', 'boolean'];

/** The values that a template's references stand for. */
export class ParameterScope {
  readonly #bindings = new Map<string, Binding>();

  /** `plain`: checked, with defaults. */
  constructor(schema: ParameterSchema, plain: ParameterValues, secrets: readonly SecretParameter[]) {
    for (const name of Object.keys(declaredParameters(schema))) {
      const { type } = parameterSchema(schema, name);
      const value = Object.hasOwn(plain, name) ? plain[name] : undefined;
      const scalar = SCALARS.includes(type) ? { type: type as ScalarType } : {};
      this.#bindings.set(name, { kind: 'plain', value: value ?? undefined, ...scalar });
    }
    for (const parameter of secrets) this.#bindings.set(parameter.name, { kind: 'secret', parameter });
  }

  /** Undefined when no such parameter is declared. */
  find(name: string): Binding | undefined {
    return this.#bindings.get(name);
  }

  /** What to say when it is not declared. */
  unknown(name: string): string {
    const near = nearest(name, [...this.#bindings.keys()]);
    const advice =
      near === undefined ? 'declare it in spec.parameters, or write $$ for a dollar sign' : `did you mean "${near}"?`;
    return `there is no parameter "${name}": ${advice}`;
  }

  /** Whether `when: name` holds: it has a value other than false and empty text. */
  holds(name: string): boolean {
    const binding = this.find(name);
    if (binding?.kind === 'secret') return binding.parameter.present;
    const value = binding?.value;
    return value !== undefined && value !== false && value !== '';
  }
}

/**
 * The key under which a secret parameter is found in a Secret. A certificate has two: a place whose name ends in `key` (`tls.key`, `TLS_KEY`)
 * takes the private key, any other the certificate.
 */
export function secretKeyFor(parameter: SecretParameter, place: string): string {
  if (parameter.generated !== 'certificate') return parameter.name;
  return `${parameter.name}.${/key$/i.test(place) ? 'key' : 'crt'}`;
}

/** The token that stands for a secret parameter at a place of this name. */
export function tokenFor(parameter: SecretParameter, place: string): string {
  return secretToken(secretKeyFor(parameter, place));
}
