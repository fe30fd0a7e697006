import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { ChandleryError } from '../../domain/errors.ts';
import { knownAnnotations } from '../../domain/foreign/chart-metadata.ts';
import { isTemplateName } from '../../domain/reference.ts';
import type { ListingProblem } from '../../domain/registry.ts';
import { newestFirst } from '../../domain/registry-versions.ts';
import { compareVersions, isPrerelease } from '../../domain/versions.ts';
import { glanceAtEntry, type HelmEntry, readHelmEntry } from './helm-entry.ts';
import { HELM_INDEX_LIMITS, type IndexBlock } from './helm-index-parts.ts';

/** ms of work after which others get a turn. */
const TURN_MS = 5;
/** Texts longer than this are compressed by zlib's own threads, shorter ones at once: the hand-over costs more. Characters. */
const SYNC_DEFLATE_LENGTH = 64 * 1024;
/** Speed matters here and size hardly: the versions of a chart repeat each other. */
const DEFLATE = { level: 1 } as const;
/** For texts no longer than its window; begun in half the time, which is most of what a short one takes. Characters and options. */
const SHORT = { length: 4 * 1024, deflate: { level: 1, windowBits: 12, memLevel: 4, chunkSize: 1024 } } as const;
/** Versions of templates that were read lately, kept parsed; an install asks for the same one three times. */
const MAX_READ_VERSIONS = 2_000;

/** Bytes a parsed entry takes for each character of its JSON, about. */
const MAIN_FACTOR = 4;
/** Versions that are parsed in search of one that can be read; a template whose newest ones are all broken is not listed. */
const MAX_MAIN_TRIES = 20;

/** One template of an index as it is kept: its text compressed, because few are ever looked into. */
interface HeldTemplate {
  name: string;
  /** of the texts; equal ones are not read again */
  hash: string;
  packed: Buffer;
  /** The version a bare name means. */
  main: HelmEntry;
  /** characters of it as JSON */
  mainLength: number;
  problems: ListingProblem[];
}

/** Gives the loop back to others when enough was done in one go. */
export class Turns {
  #since = performance.now();

  async next(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return;
    await nextTurn();
    this.#since = performance.now();
  }
}

/** Everything one index lists. Immutable once it is built. */
export class HelmIndex {
  readonly templates = new Map<string, HeldTemplate>();
  /** What cannot be listed, those of the templates included. */
  readonly problems: ListingProblem[] = [];
  /** Bytes this index keeps in memory, about. */
  bytes = 0;
  /** When it was made, RFC 3339, where it says so. */
  generated: string | undefined;
  readonly #read = new LRUCache<string, { entries: HelmEntry[]; problems: ListingProblem[] }>({
    maxSize: MAX_READ_VERSIONS,
    sizeCalculation: ({ entries }) => 1 + entries.length,
  });

  /** Adds a template. What is wrong with it becomes a problem; only limits of the whole fail (registry_invalid). */
  async add(block: IndexBlock, before: HelmIndex | undefined, turns: Turns): Promise<void> {
    const problem = this.#refusal(block);
    if (problem !== undefined) {
      this.problems.push({ subject: block.name.slice(0, HELM_INDEX_LIMITS.maxName), message: problem });
      return;
    }
    if (this.templates.size >= HELM_INDEX_LIMITS.maxTemplates)
      throw new ChandleryError('registry_invalid', `it lists more than ${HELM_INDEX_LIMITS.maxTemplates} templates`);
    const held = await holdTemplate(block, before?.templates.get(block.name), turns);
    this.problems.push(...held.problems);
    if (held.main === undefined) return;
    this.templates.set(held.name, { ...held, main: held.main });
    this.bytes += held.packed.length + MAIN_FACTOR * held.mainLength;
  }

  /** Every usable version, newest first; undefined for a name that is not listed. */
  async versions(name: string): Promise<HelmEntry[] | undefined> {
    const held = this.templates.get(name);
    if (held === undefined) return undefined;
    const known = this.#read.get(held.hash);
    if (known !== undefined) return known.entries;
    const turns = new Turns();
    const texts = JSON.parse((await promisify(inflateRaw)(held.packed)).toString('utf8')) as string[];
    const read = await readAll(name, texts, turns);
    this.#read.set(held.hash, read);
    return read.entries;
  }

  #refusal({ name, texts, problem }: IndexBlock): string | undefined {
    if (problem !== undefined) return problem;
    if (!isTemplateName(name) || name.includes('.'))
      return 'is not the name of a template (lower-case letters, digits, inner hyphens)';
    if (this.templates.has(name)) return 'is there twice; the first one counts';
    if (texts.length === 0) return 'has no versions';
    return texts.length > HELM_INDEX_LIMITS.maxVersions ? `has more than ${HELM_INDEX_LIMITS.maxVersions} versions` : undefined;
  }
}

type Unfinished = Omit<HeldTemplate, 'main'> & { main: HelmEntry | undefined };

async function holdTemplate(block: IndexBlock, before: HeldTemplate | undefined, turns: Turns): Promise<Unfinished> {
  const hash = createHash('sha256');
  for (const text of block.texts) hash.update(text).update('\0');
  const digest = hash.digest('base64');
  if (before?.hash === digest) return before;
  const { main, mainLength, problems } = await mainEntry(block, turns);
  const json = JSON.stringify(block.texts);
  const packed = json.length > SYNC_DEFLATE_LENGTH ? await promisify(deflateRaw)(json, DEFLATE) : packShort(json);
  await turns.next();
  return { name: textOfItsOwn(block.name), hash: digest, packed, main, mainLength, problems };
}

/** A piece of a text keeps all of it alive. */
function textOfItsOwn(text: string): string {
  return Buffer.from(text).toString();
}

/** A copy: what zlib answers is the beginning of a buffer of 16 KiB, which it would keep. */
function packShort(json: string): Buffer {
  return Buffer.from(deflateRawSync(json, json.length > SHORT.length ? DEFLATE : SHORT.deflate));
}

interface Candidate {
  version: string;
  text: string;
  position: number;
  entry?: HelmEntry;
}

/** Parses only the version a bare name means: of the others a glance tells enough, where they are as Helm writes them. */
async function mainEntry(block: IndexBlock, turns: Turns): Promise<Pick<Unfinished, 'main' | 'mainLength' | 'problems'>> {
  const { name } = block;
  const problems: ListingProblem[] = [];
  const candidates = await candidatesOf(block, turns, problems);
  for (let tries = 0; tries < MAX_MAIN_TRIES && candidates.size > 0; tries += 1) {
    const best = [...candidates.values()].reduce((chosen, other) => (isBetter(other.version, chosen.version) ? other : chosen));
    await turns.next();
    const main = best.entry ?? readOrReport(name, best.text, best.position, problems);
    if (main !== undefined) return { ...keptOf(main), problems };
    candidates.delete(best.version);
  }
  return { main: undefined, mainLength: 0, problems };
}

/** What stays in memory of an entry: its summary's members, as text of their own, since a piece of a text keeps all of it alive. */
function keptOf(main: HelmEntry): { main: HelmEntry; mainLength: number } {
  const { name, description, home, icon, keywords, type, annotations } = main.chart;
  const json = JSON.stringify({
    ...main,
    chart: { name, description, home, icon, keywords, type, annotations: knownAnnotations(annotations) },
  });
  return { main: JSON.parse(json) as HelmEntry, mainLength: json.length };
}

/** A release before a pre-release, then the newer one. */
function isBetter(version: string, than: string): boolean {
  const [pre, preThan] = [isPrerelease(version), isPrerelease(than)];
  return pre === preThan ? compareVersions(version, than) > 0 : preThan;
}

async function candidatesOf(
  { name, texts }: IndexBlock,
  turns: Turns,
  problems: ListingProblem[],
): Promise<Map<string, Candidate>> {
  const found = new Map<string, Candidate>();
  for (const [position, text] of texts.entries()) {
    await turns.next();
    const glance = glanceAtEntry(text);
    const entry = glance === undefined ? readOrReport(name, text, position, problems) : undefined;
    const version = glance ?? entry?.version;
    if (version === undefined) continue;
    if (found.has(version)) problems.push({ subject: `${name}@${version}`, message: 'is there twice; the first one counts' });
    else found.set(version, { version, text, position, ...(entry === undefined ? {} : { entry }) });
  }
  return found;
}

async function readAll(name: string, texts: readonly string[], turns: Turns) {
  const problems: ListingProblem[] = [];
  const byVersion = new Map<string, HelmEntry>();
  for (const [position, text] of texts.entries()) {
    await turns.next();
    const entry = readOrReport(name, text, position, problems);
    if (entry !== undefined && !byVersion.has(entry.version)) byVersion.set(entry.version, entry);
  }
  return { entries: newestFirst([...byVersion.values()]), problems };
}

function readOrReport(name: string, text: string, position: number, problems: ListingProblem[]): HelmEntry | undefined {
  try {
    return readHelmEntry(text);
  } catch (error) {
    if (!(error instanceof ChandleryError)) throw error;
    problems.push({ subject: `${name} (entry ${position + 1})`, message: error.message });
    return undefined;
  }
}
