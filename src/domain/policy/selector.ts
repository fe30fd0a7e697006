import { z } from 'zod';
import type { RegistryType } from '../registry.ts';

/** Which templates a policy speaks of. A part that is left out leaves nothing out. */
export interface Selector {
  registries?: readonly string[] | undefined;
  types?: readonly RegistryType[] | undefined;
  /** names, with `*` for any run of characters */
  templates?: readonly string[] | undefined;
}

const MAX_NAMES = 200;
const MAX_NAME_LENGTH = 253;

const names = z.array(z.string().min(1).max(MAX_NAME_LENGTH)).min(1).max(MAX_NAMES);

export const registryTypeSchema = z.enum(['official', 'community', 'institutional', 'private']);

export const selectorSchema = z.strictObject({
  registries: names.optional(),
  types: z.array(registryTypeSchema).min(1).max(4).optional(),
  templates: names.optional(),
});

export interface Selected {
  registry: { name: string; type: RegistryType };
  template: string;
}

/** Whether the selector means this template of this registry. */
export function selects({ registries, types, templates }: Selector, { registry, template }: Selected): boolean {
  if (registries && !registries.includes(registry.name)) return false;
  if (types && !types.includes(registry.type)) return false;
  return !templates || templates.some((pattern) => matchesName(pattern, template));
}

/** Greedy from the left, without going back: a pattern of many stars costs no more than its length. */
export function matchesName(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === name;
  if (!name.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
