/**
 * A secret in rendered objects is a token: its key between two characters that nobody uses. Rendered objects can therefore be stored, compared
 * and shown; the values are put in at the last moment, when an object is applied. A token stands in the values of a Secret and nowhere else.
 */

import type { KubeObject } from '../cluster.ts';
import { ChandleryError } from '../errors.ts';
import { pointerOf } from '../json-pointer.ts';

// Of the last private-use plane: fonts with icons use the first one (U+E000 and up), so those can be in real pages.
export const TOKEN_START = '\u{10F9C0}';
export const TOKEN_END = '\u{10F9C1}';

const TOKEN = new RegExp(`${TOKEN_START}([^${TOKEN_START}${TOKEN_END}]*)${TOKEN_END}`, 'gu');

/** The text that stands for the secret of this key. */
export function secretToken(key: string): string {
  return `${TOKEN_START}${key}${TOKEN_END}`;
}

/** Whether a text, or any text inside a value, has a token or a piece of one. */
export function hasToken(value: unknown): boolean {
  return tokenPlaces(value, '').next().done !== true;
}

interface TokenPlace {
  pointer: string;
  text: string;
  isKey?: boolean;
}

function* tokenPlaces(value: unknown, pointer: string): Generator<TokenPlace> {
  if (typeof value === 'string') {
    if (value.includes(TOKEN_START) || value.includes(TOKEN_END)) yield { pointer, text: value };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      for (const { text } of tokenPlaces(key, '')) yield { pointer: pointerOf(pointer, key), text, isKey: true };
      yield* tokenPlaces(child, pointerOf(pointer, key));
    }
  }
}

/** Keys of the secrets that the object needs, sorted. */
export function tokenKeys(object: KubeObject): string[] {
  const keys = new Set<string>();
  for (const { text } of tokenPlaces(object, '')) for (const match of text.matchAll(TOKEN)) keys.add(match[1] ?? '');
  return [...keys].sort();
}

function isSecret(object: KubeObject): boolean {
  return object.kind === 'Secret' && object.apiVersion === 'v1';
}

/** A key of a Secret's data: no `/`, so one level of the pointer. */
const VALUE_POINTER = /^\/(data|stringData)\/[^/]+$/;

/** The first place of the object where a token may not stand, as a JSON pointer; undefined when all is well. */
export function misplacedToken(object: KubeObject): string | undefined {
  for (const { pointer, text, isKey = false } of tokenPlaces(object, '')) {
    const rest = text.replaceAll(TOKEN, '');
    const whole = !hasToken(rest);
    // `data` is base64: a token beside other text could not be put in.
    const fits =
      isSecret(object) && !isKey && VALUE_POINTER.test(pointer) && whole && (pointer.startsWith('/stringData/') || rest === '');
    if (!fits) return pointer;
  }
  return undefined;
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function filled(text: string, values: Readonly<Record<string, string>>, where: string): string {
  return text.replaceAll(TOKEN, (_token, key: string) => {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value === undefined)
      throw new ChandleryError('secret_input_gone', `${where} needs the secret "${key}", which has no value`);
    return value;
  });
}

/**
 * The object as it is applied, with secrets in it: never to be stored or logged. A Secret's `stringData` becomes `data`, since the cluster
 * shows it that way and a removed key of `stringData` would otherwise stay. Fails with secret_input_gone when a value is not there, and
 * with template_invalid when a token stands where none may.
 */
export function resolveTokens(object: KubeObject, values: Readonly<Record<string, string>>): KubeObject {
  const where = `${object.kind} ${object.metadata.name}`;
  const misplaced = misplacedToken(object);
  if (misplaced !== undefined) throw new ChandleryError('template_invalid', `${where}: ${misplaced} may not hold a secret`);
  if (!isSecret(object)) return object;
  const { data, stringData, ...rest } = object as KubeObject & {
    data?: Record<string, unknown>;
    stringData?: Record<string, unknown>;
  };
  if (data === undefined && stringData === undefined) return object;
  const encoded = Object.entries(data ?? {}).map(([key, value]) => {
    const token = typeof value === 'string' && hasToken(value);
    return [key, token ? base64(filled(value, values, where)) : value] as const;
  });
  const texts = Object.entries(stringData ?? {}).map(([key, value]) => {
    return [key, base64(filled(typeof value === 'string' ? value : String(value ?? ''), values, where))] as const;
  });
  return { ...rest, data: Object.fromEntries([...encoded, ...texts]) } as KubeObject;
}
