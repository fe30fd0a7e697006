/** Puts parameters into a parsed tree. A value becomes a leaf (or a whole member); nothing is parsed afterwards, so it cannot add structure. */

import { pointerOf, segmentsOf } from '../json-pointer.ts';
import { parameterFailure } from '../parameters/failure.ts';
import { textForm } from '../parameters/secret-entries.ts';
import { RENDER_LIMITS } from './limits.ts';
import { literal } from './literal.ts';
import { type Binding, type ParameterScope, tokenFor } from './parameter-scope.ts';

// As REFERENCE in template-lint.ts, which finds the same names; this one keeps the default too. The default's length is bounded: `${a:-` written
// very often without an end would otherwise cost the square of the text's length.
const REFERENCE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]{0,1024}))?\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;

export interface SubstitutionRules {
  /** Secrets may not be written, and this is what to do instead; without it they become tokens. */
  insteadOfSecrets?: string;
  /** Places that hold text whatever the parameter's type is. Pointers are into the tree as it was written. */
  isText(pointer: string): boolean;
  /** Places in which Kubernetes itself expands `$(NAME)`; a value is escaped there, so that it arrives as it was given. */
  isExpanded(pointer: string): boolean;
  /** Members and items that are left out. */
  isLeftOut?(value: unknown, pointer: string): boolean;
  /** The failure for a fault of the template at a place of it. */
  fault(pointer: string, message: string): Error;
}

export interface Substituted {
  value: unknown;
  /** Parameters that a place of the result came from, by its pointer; also of a member that was left out. */
  sources: Map<string, string[]>;
}

interface Part {
  name: string;
  fallback: string | undefined;
}

const LEFT_OUT = Symbol('left out');

class Substitution {
  readonly sources = new Map<string, string[]>();
  readonly #scope: ParameterScope;
  readonly #rules: SubstitutionRules;
  #bytes = 0;

  constructor(scope: ParameterScope, rules: SubstitutionRules) {
    this.#scope = scope;
    this.#rules = rules;
  }

  /** `at`: pointer as written; `into`: pointer in the result, where items before it may have been left out. */
  apply(value: unknown, at: string, into: string): unknown {
    if (this.#rules.isLeftOut?.(value, at)) return LEFT_OUT;
    if (typeof value === 'string') return this.#text(value, at, into);
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const [index, item] of value.entries()) {
        const place = pointerOf(into, items.length);
        const done = this.apply(item, pointerOf(at, index), place);
        // The next item takes the place; what is known of it must be its own.
        if (done === LEFT_OUT) this.sources.delete(place);
        else items.push(done);
      }
      return items;
    }
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).map(([key, child]) => {
      return [key, this.apply(child, pointerOf(at, key), pointerOf(into, key))] as const;
    });
    return Object.fromEntries(members.filter(([, child]) => child !== LEFT_OUT));
  }

  #text(text: string, at: string, into: string): unknown {
    const matches = [...text.matchAll(REFERENCE)];
    const [only] = matches;
    if (only === undefined) return text;
    const names = matches.flatMap((match) => match[1] ?? match[3] ?? []);
    if (names.length > 0) this.sources.set(into, names);
    if (matches.length === 1 && only[0] === text && text !== '$$') return this.#whole(partOf(only), at);
    return text.replaceAll(REFERENCE, (...match) => {
      const [matched, braced, fallback, bare] = match as (string | undefined)[];
      return matched === '$$' ? '$' : this.#inText({ name: braced ?? bare ?? '', fallback }, at);
    });
  }

  #bindingOf(name: string, at: string): Binding {
    const binding = this.#scope.find(name);
    if (binding === undefined) throw this.#rules.fault(at, this.#scope.unknown(name));
    const { insteadOfSecrets } = this.#rules;
    if (binding.kind === 'secret' && insteadOfSecrets !== undefined)
      throw this.#rules.fault(at, `"${name}" is a secret and may not be part of a text: ${insteadOfSecrets}`);
    return binding;
  }

  #whole({ name, fallback }: Part, at: string): unknown {
    const binding = this.#bindingOf(name, at);
    const value = boundValue(binding, at, fallback);
    if (value === undefined) return LEFT_OUT;
    const text = this.#rules.isText(at) && typeof value !== 'string' ? textForm(value) : value;
    this.#count(text, at);
    return typeof text === 'string' ? this.#escaped(text, at) : structuredClone(text);
  }

  #inText({ name, fallback }: Part, at: string): string {
    const value = boundValue(this.#bindingOf(name, at), at, fallback);
    if (value === undefined)
      throw parameterFailure([{ path: pointerOf('', name), message: `is needed for ${at} of the template: give it a value` }]);
    const text = textForm(value);
    this.#count(text, at);
    return this.#escaped(text, at);
  }

  #escaped(text: string, at: string): string {
    return this.#rules.isExpanded(at) ? literal(text) : text;
  }

  /** A small template can name a large value very often. */
  #count(value: unknown, at: string): void {
    this.#bytes += Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
    if (this.#bytes > RENDER_LIMITS.maxBytes)
      throw this.#rules.fault(at, `the parameters make it longer than ${RENDER_LIMITS.maxBytes} bytes`);
  }
}

function partOf(match: RegExpExecArray): Part {
  return { name: match[1] ?? match[3] ?? '', fallback: match[2] };
}

/** The value, or the fallback where there is none (as in a shell, empty text is none); undefined when there is neither. */
function boundValue(binding: Binding, at: string, fallback: string | undefined): unknown {
  if (binding.kind === 'secret') {
    return binding.parameter.present ? tokenFor(binding.parameter, segmentsOf(at).at(-1) ?? '') : fallback;
  }
  const { value, type } = binding;
  if (fallback === undefined || (value !== undefined && value !== '')) return value;
  return typed(fallback, type);
}

/** A fallback is text; where the parameter is a number or a switch it is read as one. */
function typed(fallback: string, type: 'integer' | 'number' | 'boolean' | undefined): unknown {
  if (type === 'boolean') return fallback === 'true' ? true : fallback === 'false' ? false : fallback;
  const number = type === undefined || fallback.trim() === '' ? Number.NaN : Number(fallback);
  return Number.isFinite(number) ? number : fallback;
}

/** Whether a member of this text is left out: it is nothing but one reference, to a parameter that has no value. */
export function leavesNothing(text: string, scope: ParameterScope): boolean {
  const [only, second] = text.matchAll(REFERENCE);
  if (only === undefined || second !== undefined || only[0] !== text || text === '$$') return false;
  const { name, fallback } = partOf(only);
  const binding = scope.find(name);
  return binding?.kind === 'plain' && boundValue(binding, '', fallback) === undefined;
}

/**
 * The tree with parameters put in: `${name}`, `$name`, `${name:-other}`, `$$`. Keys are left alone. Fails with parameter_invalid when a text
 * needs a parameter that has no value, and with the rules' own failure for a fault of the template.
 */
export function substitute(tree: unknown, pointer: string, scope: ParameterScope, rules: SubstitutionRules): Substituted {
  const substitution = new Substitution(scope, rules);
  const value = substitution.apply(tree, pointer, '');
  return { value: value === LEFT_OUT ? undefined : value, sources: substitution.sources };
}
