import { ChandleryError } from './errors.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';
import type { SearchFilter, SearchPage, TemplateSummary } from './registry.ts';

/** Search over a list that fits in memory: filter, score, sort, cut a page. Pure, so every kind of registry can use it. */

const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 100;
/** Words of a query beyond this add cost and no meaning. */
const MAX_QUERY_WORDS = 16;

/** How much a word of the query is worth where it is found; a name says more than a description. */
const WEIGHTS = Object.freeze({
  nameExact: 100,
  namePrefix: 40,
  nameWord: 30,
  nameSubstring: 20,
  displayName: 15,
  tag: 12,
  category: 8,
  description: 3,
});

/**
 * One page of the templates that fit the filter. All words of the query must be found. Fails with invalid_request for a cursor that
 * was not given for this very query, a limit outside 1..100, or a cursor together with a page.
 */
export function searchTemplates(templates: readonly TemplateSummary[], filter: SearchFilter): SearchPage {
  const limit = checkedLimit(filter.limit);
  const offset = startOf(filter, limit);
  const words = queryWords(filter.q);
  const hits = templates
    .filter((template) => fits(template, filter))
    .map((template) => ({ template, score: score(template, words) }))
    .filter(({ score }) => words.length === 0 || score > 0);
  hits.sort((a, b) => (filter.sort === 'name' ? 0 : b.score - a.score) || compareText(a.template.name, b.template.name));
  const page = hits.slice(offset, offset + limit).map(({ template }) => template);
  const next = offset + limit;
  return {
    templates: page,
    total: hits.length,
    ...(next < hits.length ? { nextCursor: encodeCursor(next, boundTo(filter)) } : {}),
  };
}

/** Byte order, not the locale's: the same page must come out on every machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checkedLimit(limit = DEFAULT_PAGE_SIZE): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_SIZE) return limit;
  throw invalid('limit', `must be a whole number from 1 to ${MAX_PAGE_SIZE}`);
}

function startOf(filter: SearchFilter, limit: number): number {
  if (filter.cursor !== undefined && filter.page !== undefined) throw invalid('page', 'give a cursor or a page, not both');
  if (filter.cursor !== undefined) return decodeCursor(filter.cursor, boundTo(filter));
  const page = filter.page ?? 1;
  if (!Number.isSafeInteger(page) || page < 1) throw invalid('page', 'must be a whole number from 1');
  return (page - 1) * limit;
}

function fits(template: TemplateSummary, filter: SearchFilter): boolean {
  const lower = (text: string | undefined) => text?.toLowerCase();
  if (filter.type !== undefined && template.type !== filter.type) return false;
  if (filter.category?.length && !filter.category.some((wanted) => lower(wanted) === lower(template.category))) return false;
  return !filter.tag?.length || filter.tag.every((wanted) => template.tags.some((tag) => lower(tag) === lower(wanted)));
}

/** Words in lower case; everything that is neither letter nor digit separates. */
function queryWords(query: string | undefined): string[] {
  return splitWords(query ?? '').slice(0, MAX_QUERY_WORDS);
}

function splitWords(text: string): string[] {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** 0 when a word of the query is found nowhere. */
function score(template: TemplateSummary, words: readonly string[]): number {
  const fields = {
    name: template.name.toLowerCase(),
    nameWords: splitWords(template.name),
    displayName: splitWords(template.displayName ?? ''),
    tags: template.tags.flatMap(splitWords),
    category: splitWords(template.category ?? ''),
    description: splitWords(template.description),
  };
  const scores = words.map((word) => wordScore(word, fields));
  const exact = words.join('-') === fields.name ? WEIGHTS.nameExact : 0;
  return scores.includes(0) ? 0 : scores.reduce((sum, value) => sum + value, exact);
}

interface Fields {
  name: string;
  nameWords: string[];
  displayName: string[];
  tags: string[];
  category: string[];
  description: string[];
}

function wordScore(word: string, fields: Fields): number {
  const starts = (candidates: string[]) => candidates.some((candidate) => candidate.startsWith(word));
  let total = 0;
  if (fields.name.startsWith(word)) total += WEIGHTS.namePrefix;
  else if (starts(fields.nameWords)) total += WEIGHTS.nameWord;
  else if (fields.name.includes(word)) total += WEIGHTS.nameSubstring;
  if (starts(fields.displayName)) total += WEIGHTS.displayName;
  if (starts(fields.tags)) total += WEIGHTS.tag;
  if (starts(fields.category)) total += WEIGHTS.category;
  if (starts(fields.description)) total += WEIGHTS.description;
  return total;
}

/** What a cursor belongs to. */
function boundTo({ q, category, tag, type, sort }: SearchFilter): unknown[] {
  return [q ?? '', category ?? [], tag ?? [], type ?? '', sort ?? 'relevance'];
}

function invalid(path: string, message: string): ChandleryError {
  return new ChandleryError('invalid_request', `${path}: ${message}`, { issues: [{ path, message }] });
}
