import { ChandleryError } from '../errors.ts';
import type { ListingProblem } from '../registry.ts';
import { readYaml } from '../yaml-limits.ts';
import { isObject } from './pack-schema.ts';

/** A helmdeck catalog's `index.yaml`. */

/** One line of it. Names and versions are text as written: an unquoted `1.10` is "1.10". */
export interface PackEntry {
  name: string;
  version: string;
  /** Folder of the pack below the catalog's root, with forward slashes. */
  path: string;
  description: string;
  author: string;
  category?: string;
  tags?: string[];
  installs?: number;
  stars?: number;
}

export interface PackIndex {
  catalog_version?: string;
  updated_at?: string;
  packs: PackEntry[];
}

export interface ParsedPackIndex {
  index: PackIndex;
  /** Entries that are no entries; the others stay. */
  problems: ListingProblem[];
}

/** Bytes of an index; the same as upstream, which cuts silently what is longer. */
export const MAX_PACK_INDEX_BYTES = 4 * 1024 * 1024;
/** Bytes after which a piece of the index is long enough. Reading one keeps the process busy for some 30 ms. */
const PIECE_BYTES = 16 * 1024;
const FRAME_LIMITS = { maxBytes: 256 * 1024, maxDepth: 40, maxNodes: 20_000, maxAliases: 100, numbersAsText: true };
/** More lines than problems are shown only cost memory. */
const MAX_PROBLEMS = 1_000;

/**
 * Reads an index piece by piece: each step of the generator reads some 16 KiB, so that the caller can let others run in between. Unknown
 * members are ignored, and an entry that is none goes to `problems`. Fails with registry_invalid when the text is not YAML or not an index.
 */
export function* parsePackIndex(text: string, where: string): Generator<void, ParsedPackIndex> {
  const { frame, pieces } = split(text);
  const top = readYaml(frame, { file: where, limits: FRAME_LIMITS, code: 'registry_invalid' }).value;
  if (!isObject(top)) throw invalid(`${where}: is not an index of packs: it is no map with a list \`packs\``);
  const listed = top.packs ?? [];
  if (!Array.isArray(listed)) throw invalid(`${where}: packs: must be a list`);
  const found = new Entries(where);
  for (const entry of listed) found.add(entry);
  for (const { line, text: piece } of pieces) {
    yield;
    const file = line === 1 ? where : `${where} (from line ${line})`;
    const { value } = readYaml(piece, { file, limits: FRAME_LIMITS, code: 'registry_invalid' });
    for (const entry of value as unknown[]) found.add(entry);
  }
  const version = textOf(top.catalog_version);
  const updated = textOf(top.updated_at);
  return {
    index: { ...(version && { catalog_version: version }), ...(updated && { updated_at: updated }), packs: found.packs },
    problems: found.problems,
  };
}

class Entries {
  readonly packs: PackEntry[] = [];
  readonly problems: ListingProblem[] = [];
  #count = 0;

  constructor(readonly where: string) {}

  add(value: unknown): void {
    this.#count += 1;
    const entry = isObject(value) ? toEntry(value) : 'is not a map';
    if (typeof entry !== 'string') this.packs.push(entry);
    else if (this.problems.length < MAX_PROBLEMS) {
      const name = isObject(value) ? textOf(value.name) : undefined;
      this.problems.push({
        subject: `${this.where}: pack ${name ? JSON.stringify(name.slice(0, 100)) : this.#count}`,
        message: entry,
      });
    }
  }
}

/** The entry, or in words why it is none. */
function toEntry(value: Record<string, unknown>): PackEntry | string {
  const { category, tags, installs, stars } = value;
  const texts = [value.name, value.version, value.path, value.description, value.author].map((item) => textOf(item ?? ''));
  const [name, version, path, description, author] = texts;
  if (name === undefined || version === undefined || path === undefined || description === undefined || author === undefined)
    return 'name, version, path, description and author must be text';
  if (name === '') return 'name: missing';
  const words = Array.isArray(tags) ? tags.map(textOf).filter((tag): tag is string => Boolean(tag)) : [];
  const group = textOf(category);
  const [installed, starred] = [countOf(installs), countOf(stars)];
  return {
    ...{ name, version, path, description, author },
    ...(group && { category: group }),
    ...(words.length > 0 && { tags: words }),
    ...(installed && { installs: installed }),
    ...(starred && { stars: starred }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : undefined;
}

/** Numbers come as text here. */
function countOf(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : 0;
  return count > 0 ? count : undefined;
}

interface Piece {
  /** counted from 1 */
  line: number;
  text: string;
}

/**
 * Cuts the items of a block list `packs:` out of a long text. A line as far in as the first item that begins with `- ` can only begin
 * another item: what belongs to one, and every line of a longer text in it, stands further in. Texts that are short, or written in
 * another way, stay whole.
 */
function split(text: string): { frame: string; pieces: Piece[] } {
  if (text.length <= PIECE_BYTES) return { frame: text, pieces: [] };
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^(packs|"packs"|'packs')[ ]*:[ \t]*(#.*)?\r?$/.test(line));
  const first = lines.findIndex((line, at) => at > start && isContent(line));
  const [, indent] = /^( *)-([ \t\r]|$)/.exec(lines[first] ?? '') ?? [];
  if (start < 0 || first < 0 || indent === undefined) return { frame: text, pieces: [] };
  const isItem = (line: string) => line.startsWith(`${indent}-`) && /^[ \t\r]?$/.test(line.charAt(indent.length + 1));
  const isInside = (line: string) => !isContent(line) || line.startsWith(`${indent} `) || isItem(line);
  const after = lines.findIndex((line, at) => at > first && !isInside(line));
  const end = after < 0 ? lines.length : after;
  const frame = [...lines.slice(0, start), 'packs: []', ...lines.slice(end)].join('\n');
  return { frame, pieces: piecesOf(lines, first, end, isItem) };
}

function piecesOf(lines: readonly string[], first: number, end: number, isItem: (line: string) => boolean): Piece[] {
  const pieces: Piece[] = [];
  let from = first;
  let bytes = 0;
  for (let at = first; at < end; at += 1) {
    const line = lines[at] ?? '';
    if (bytes >= PIECE_BYTES && isItem(line)) {
      pieces.push({ line: from + 1, text: lines.slice(from, at).join('\n') });
      from = at;
      bytes = 0;
    }
    bytes += line.length + 1;
  }
  pieces.push({ line: from + 1, text: lines.slice(from, end).join('\n') });
  return pieces;
}

function isContent(line: string): boolean {
  return !/^[ \t]*(#.*)?\r?$/.test(line);
}

function invalid(message: string): ChandleryError {
  return new ChandleryError('registry_invalid', message);
}
