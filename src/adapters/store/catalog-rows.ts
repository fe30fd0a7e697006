import { createHash } from 'node:crypto';
import type { CatalogSource, CatalogState } from '../../domain/catalog.ts';
import type { ListingProblem, TemplateSummary } from '../../domain/registry.ts';
import { cleanLabel, wordsOf } from './catalog-words.ts';

/** Bytes of a SHA-256 that tell two states of one entry apart. */
const HASH_BYTES = 16;
/** Hexadecimal digits of a digest that a double holds exactly. Compared between entries of one name only. */
const COPY_DIGITS = 13;

/** Raise it when what is derived from an entry changes: every entry is then written anew at its next listing. */
const FORM = 1;

/** The columns of an entry as it is staged, in order, with their types. */
export const STAGED = {
  n: 'integer',
  name: 'text',
  hash: 'bytea',
  facets_key: 'text',
  category: 'text',
  license: 'text',
  type: 'text',
  registry_type: 'text',
  verified: 'boolean',
  copies: 'double precision',
  downloads: 'double precision',
  rating: 'double precision',
  updated_at: 'double precision',
  words: 'text',
  vocabulary: 'text',
  summary: 'json',
} as const;

export type StagedEntry = Record<keyof typeof STAGED, string | number | boolean | null>;

/** Hexadecimal. Changes with anything that the entry says. */
export function hashOf(template: TemplateSummary): string {
  return digestOf([FORM, template]);
}

export function stagedEntry(template: TemplateSummary, n: number, hash: string): StagedEntry {
  const { words, vocabulary } = wordsOf(template);
  const facets = [
    label(template.category),
    label(template.license),
    template.type,
    template.registryType,
    template.verified ?? false,
  ] as const;
  const [category, license, type, registry_type, verified] = facets;
  return {
    ...{
      n,
      name: template.name,
      hash: `\\x${hash}`,
      facets_key: digestOf(facets),
      category,
      license,
      type,
      registry_type,
      verified,
    },
    copies: copyNumber(template.digest),
    downloads: template.downloads ?? null,
    rating: template.rating ?? null,
    updated_at: updatedAt(template.updatedAt),
    words: words.join('\n'),
    vocabulary: vocabulary.join('\n'),
    summary: JSON.stringify(template),
  };
}

function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value))
    .digest('hex')
    .slice(0, 2 * HASH_BYTES);
}

function label(text: string | undefined): string | null {
  return cleanLabel(text ?? '') || null;
}

function copyNumber(digest: string | undefined): number | null {
  const hex = digest?.slice(digest.indexOf(':') + 1, digest.indexOf(':') + 1 + COPY_DIGITS);
  const value = Number.parseInt(hex ?? '', 16);
  return Number.isNaN(value) ? null : value;
}

function updatedAt(time: string | undefined): number | null {
  const value = Date.parse(time ?? '');
  return Number.isNaN(value) ? null : value;
}

export interface ListingRow {
  registry: string;
  scope: string;
  validator: string | null;
  templates: number;
  listed_at: Date | null;
  checked_at: Date | null;
  error: NonNullable<CatalogState['error']> | null;
  problems: ListingProblem[];
  problem_count: number;
}

export function toState(row: ListingRow): CatalogState {
  return {
    registry: row.registry,
    scope: row.scope,
    templates: row.templates,
    problems: row.problems,
    problemCount: row.problem_count,
    ...(row.validator !== null && { validator: row.validator }),
    ...(row.listed_at && { listedAt: row.listed_at.toISOString() }),
    ...(row.checked_at && { checkedAt: row.checked_at.toISOString() }),
    ...(row.error && { error: row.error }),
  };
}

/** Two lists side by side, as `unnest` reads them. */
export function sourceLists(sources: readonly CatalogSource[]): [string[], string[]] {
  return [sources.map((source) => source.registry), sources.map((source) => source.scope)];
}
