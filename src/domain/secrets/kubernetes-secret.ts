import type { ContentObject } from '../content/objects.ts';
import { pointerOf } from '../json-pointer.ts';
import { fieldsOf, listAt, textAt, valueAt } from '../object-fields.ts';
import { CONTENT_YAML_LIMITS, readYamlDocuments, type YamlDocument } from '../yaml-limits.ts';
import { isReference, type SecretHit } from './rule.ts';
import { tokensIn } from './token-rules.ts';

/** Secrets of Kubernetes that lie in the archive with their values: base64 is a way of writing, not of hiding. */

const MENTIONS_SECRET = /kind["']?\s*:\s*["']?Secret["']?\s*($|[,}#])/m;
/** More documents than any bundle has. */
const MAX_DOCUMENTS = 2000;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;
const PUBLIC = /^-----BEGIN (?:CERTIFICATE|PUBLIC KEY|X509 CRL)-----/;

/** Hits in a file of YAML or JSON; also in a Helm template, which is no YAML until it is rendered. */
export function kubernetesSecretsIn(text: string, file: string): SecretHit[] {
  if (!MENTIONS_SECRET.test(text)) return [];
  try {
    const documents = readYamlDocuments(text, { file, limits: CONTENT_YAML_LIMITS, maxDocuments: MAX_DOCUMENTS });
    return documents.flatMap((document) => inDocument(document, document.value, ''));
  } catch {
    return inLines(text);
  }
}

/** Hits in an object that was read already, however its kind is written. */
export function kubernetesSecretsOf({ kind, value, line }: Pick<ContentObject, 'kind' | 'value' | 'line'>): SecretHit[] {
  if (kind !== 'Secret') return [];
  return (['data', 'stringData'] as const).flatMap((member) =>
    Object.entries(fieldsOf(valueAt(value, member)) ?? {}).flatMap(([key, entry]) =>
      typeof entry === 'string' ? hitOf(entry, member === 'data', key, line(pointerOf(pointerOf('', member), key))) : [],
    ),
  );
}

function inDocument(document: YamlDocument, value: unknown, pointer: string): SecretHit[] {
  const kind = textAt(value, 'kind') ?? '';
  if (kind.endsWith('List'))
    return listAt(value, 'items').flatMap((item, at) => inDocument(document, item, pointerOf(pointerOf(pointer, 'items'), at)));
  const line = (place: string) => document.locate(`${pointer}${place}`, 'key').line;
  return kubernetesSecretsOf({ kind, value: fieldsOf(value) ?? {}, line });
}

function hitOf(entry: string, encoded: boolean, key: string, line: number): SecretHit[] {
  if (entry.trim() === '' || isReference(entry)) return [];
  const value = encoded && BASE64.test(entry) ? Buffer.from(entry, 'base64').toString('latin1') : entry;
  if (value.trim() === '' || isReference(value) || PUBLIC.test(value.trim())) return [];
  const [token] = tokensIn(value);
  const inside = token === undefined ? '' : `: ${token.rule.what}`;
  return [
    {
      rule: 'kubernetesSecret',
      severity: token?.rule.severity ?? 'high',
      line,
      what: `the value of ${JSON.stringify(key.slice(0, 64))} in a Secret${inside}`,
    },
  ];
}

const SECTION = /^(\s*)(data|stringData):\s*$/;
const ENTRY = /^(\s+)["']?([\w.-]+)["']?:\s*["']?([^"'\s#][^"'#]*)/;
const DOCUMENT_END = /^---/;

/** Line by line, for what does not parse: entries that are indented below `data:` of a document that says it is a Secret. */
function inLines(text: string): SecretHit[] {
  const hits: SecretHit[] = [];
  const lines = text.split('\n');
  let section: { indent: number; encoded: boolean } | undefined;
  let isSecret = false;
  lines.forEach((line, at) => {
    if (at === 0 || DOCUMENT_END.test(line)) isSecret = MENTIONS_SECRET.test(documentAt(lines, at));
    const opened = SECTION.exec(line);
    if (opened) {
      section = { indent: opened[1]?.length ?? 0, encoded: opened[2] === 'data' };
      return;
    }
    if (section && line.trim() !== '' && line.search(/\S/) <= section.indent) section = undefined;
    const entry = isSecret && section ? ENTRY.exec(line) : null;
    if (entry && section) hits.push(...hitOf(entry[3] ?? '', section.encoded, entry[2] ?? '', at + 1));
  });
  return hits;
}

function documentAt(lines: readonly string[], start: number): string {
  const next = lines.findIndex((line, at) => at > start && DOCUMENT_END.test(line));
  return lines.slice(start, next < 0 ? undefined : next).join('\n');
}
