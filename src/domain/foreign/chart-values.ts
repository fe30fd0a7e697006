import { isAlias, isMap, isScalar, LineCounter, type Pair, type YAMLMap } from 'yaml';
import { composeYaml, toValues, type YamlLimits, YamlProblem } from '../yaml-values.ts';
import { isJsonObject, type Json } from './json.ts';

/** A chart's values.yaml: its values, and the comments that stand above its keys. */
export interface ChartValues {
  values: Json;
  /** By JSON path with dots, `image.tag`; only those of maps in maps. */
  comments: ReadonlyMap<string, string>;
  /** Paths of values such as `yes`, which Helm takes for true and we for text: their kind is not known. */
  ambiguous: ReadonlySet<string>;
}

/** Of one values.yaml; the largest charts' are 250 KB with 5,000 values. */
const VALUES_LIMITS: Readonly<YamlLimits> = Object.freeze({
  maxBytes: 512 * 1024,
  maxDepth: 40,
  maxNodes: 20_000,
  maxAliases: 100,
});
/** Characters of a description; longer comments are chapters. */
const MAX_COMMENT = 500;
/** Levels whose comments are read. */
const MAX_DEPTH = 10;
/** Words that YAML 1.1, and so Helm, takes for true or false. */
const OLD_BOOLEAN = /^(y|n|yes|no|on|off)$/i;
/** `@param image.tag [string] The tag`, as one widely used documentation tool has it. */
const PARAM_LINE = /^\s*#+\s*@param\s+(\S+)(?:\s+\[[^\]]*\])?[ \t]+(.+)$/gm;

/** Fails with YamlProblem where it is no YAML of the kind that can be read within the limits. */
export function readChartValues(text: string): ChartValues {
  if (Buffer.byteLength(text) > VALUES_LIMITS.maxBytes)
    throw new YamlProblem(`is longer than ${VALUES_LIMITS.maxBytes} bytes`, 0);
  const comments = new Map<string, string>();
  const ambiguous = new Set<string>();
  if (text.replaceAll(/^\s*(#.*|---\s*)?$/gm, '').trim() === '') return { values: {}, comments, ambiguous };
  const document = composeYaml(text, new LineCounter(), VALUES_LIMITS);
  const values = toValues(document, VALUES_LIMITS);
  if (values !== null && !isJsonObject(values)) throw new YamlProblem('is not a map', 0);
  if (isMap(document.contents)) {
    const first = document.contents.commentBefore ?? document.commentBefore;
    collect(document.contents, '', first, { comments, ambiguous }, 0);
  }
  for (const [, path = '', description = ''] of text.matchAll(PARAM_LINE)) comments.set(path, cut(description));
  return { values: values ?? {}, comments, ambiguous };
}

function collect(
  map: YAMLMap,
  under: string,
  before: string | null | undefined,
  found: { comments: Map<string, string>; ambiguous: Set<string> },
  depth: number,
): void {
  for (const [index, { key, value }] of (map.items as Array<Pair<unknown, unknown>>).entries()) {
    if (!isScalar(key) || typeof key.value !== 'string') continue;
    const path = under === '' ? key.value : `${under}.${key.value}`;
    const comment = describe(key.commentBefore ?? (index === 0 ? before : undefined));
    if (comment !== undefined) found.comments.set(path, comment);
    if (isScalar(value) && value.type === 'PLAIN' && OLD_BOOLEAN.test(value.source ?? '')) found.ambiguous.add(path);
    if (isMap(value) && !isAlias(value) && depth < MAX_DEPTH) collect(value, path, value.commentBefore, found, depth + 1);
  }
}

/** The last paragraph above the key, without marks of documentation tools; commented-out YAML and rulers say nothing. */
function describe(comment: string | null | undefined): string | undefined {
  const last = comment?.split(/\n\s*\n/).at(-1);
  if (last === undefined) return undefined;
  const lines = last.split('\n').map((line) => line.replace(/^[#\s]+/, '').trim());
  const marked = lines.findIndex((line) => line.startsWith('-- '));
  const words = (marked < 0 ? lines : lines.slice(marked)).map((line) => line.replace(/^--\s+(\([^)]*\)\s*)?/, ''));
  const text = words
    .filter((line) => /[\p{L}\p{N}]/u.test(line) && !line.startsWith('@') && !/^-?\s*[\w.-]+:(\s|$)/.test(line))
    .join(' ');
  return text === '' ? undefined : cut(text);
}

function cut(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > MAX_COMMENT ? `${trimmed.slice(0, MAX_COMMENT - 3)}...` : trimmed;
}
