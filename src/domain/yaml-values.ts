/**
 * From YAML text to plain values. The parser is driven in two steps because its second one is recursive: on a document nested deep enough
 * it exhausts the stack inside the regular-expression compiler, which ends the process and cannot be caught.
 */

import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  Parser,
  type Scalar,
} from 'yaml';
import { pointerOf } from './json-pointer.ts';
import { unstorable } from './storable-text.ts';

export interface YamlLimits {
  /** UTF-8 bytes of the text */
  maxBytes: number;
  /** nesting of lists and maps */
  maxDepth: number;
  /** values after aliases are expanded */
  maxNodes: number;
  /** uses of an alias (`*name`) */
  maxAliases: number;
  /** Refuses numbers such as 0400: octal to YAML 1.1, and so to kubectl, and four hundred to YAML 1.2. */
  noLeadingZeros?: boolean;
  /** Gives numbers as the text they were written as: `1.10` is a version, not 1.1. */
  numbersAsText?: boolean;
}

/** A problem at a place of the text; turned into the caller's failure at the end. */
export class YamlProblem extends Error {
  constructor(
    message: string,
    readonly offset: number,
    readonly pointer = '',
  ) {
    super(message);
  }
}

/** Anchors and tags written before a key or a value. */
function marksIn(tokens: readonly CST.SourceToken[] = []): number {
  return tokens.filter(({ type }) => type === 'anchor' || type === 'tag').length;
}

/** What the text itself shows of depth and number of values. Composing what is too much takes ten times as long as finding it out here. */
function checkShape(tokens: readonly CST.Token[], { maxDepth, maxNodes }: YamlLimits): void {
  let nodes = 0;
  const waiting: Array<[CST.Token, number]> = tokens.map((token) => [token, 0]);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [token, depth] = next;
    if (depth > maxDepth) throw new YamlProblem(`is nested more than ${maxDepth} levels deep`, token.offset);
    if (token.type === 'document') {
      nodes += marksIn(token.start);
      if (token.value !== undefined) waiting.push([token.value, depth]);
    }
    for (const item of 'items' in token ? token.items : []) {
      nodes += 1 + marksIn(item.start) + marksIn(item.sep);
      if (item.key) waiting.push([item.key, depth + 1]);
      if (item.value) waiting.push([item.value, depth + 1]);
    }
    if (nodes > maxNodes) throw new YamlProblem(`has more than ${maxNodes} values`, token.offset);
  }
}

/** Parses every document of a text; its shape is checked between the two steps of the parser. Throws YamlProblem. */
export function composeDocuments(text: string, lines: LineCounter, limits: YamlLimits, maxDocuments: number): Document.Parsed[] {
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  checkShape(tokens, limits);
  const extra = tokens.filter((token) => token.type === 'document')[maxDocuments];
  if (extra !== undefined) throw new YamlProblem(`holds more than ${maxDocuments} documents`, extra.offset);
  // uniqueKeys compares every pair of keys, seconds for a large map; Converter checks them with a set.
  const composer = new Composer({ schema: 'core', lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: false });
  const documents = [...composer.compose(tokens, true, text.length)];
  for (const { errors, warnings } of documents) {
    const error = errors[0] ?? warnings[0];
    if (error !== undefined) throw new YamlProblem(`is not valid YAML: ${error.message}`, error.pos[0]);
  }
  return documents as Document.Parsed[];
}

/** Of a text that should hold one document: enough to see that it holds more. */
const FEW_DOCUMENTS = 1000;

/** Parses one document. Throws YamlProblem. */
export function composeYaml(text: string, lines: LineCounter, limits: YamlLimits): Document.Parsed {
  const [first, second] = composeDocuments(text, lines, limits, FEW_DOCUMENTS);
  if (first === undefined) throw new YamlProblem('is empty', 0);
  if (second !== undefined)
    throw new YamlProblem('holds more than one document; remove the `---` and what follows', second.range[0]);
  return first;
}

// `!!set` and `!!omap` are lists and maps to the parser too, but of another meaning.
const PLAIN_TAGS = new Set(['tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq']);

/** Node tree to plain values, refusing what JSON has no word for. */
class Converter {
  readonly #document: Document.Parsed;
  readonly #limits: YamlLimits;
  readonly #open = new Set<Node>();
  readonly #counted: { nodes: number };
  #aliases = 0;

  constructor(document: Document.Parsed, limits: YamlLimits, counted: { nodes: number }) {
    this.#document = document;
    this.#limits = limits;
    this.#counted = counted;
  }

  convert(node: unknown, pointer = '', depth = 0): unknown {
    if (node === null || node === undefined) return null;
    const known = node as Node;
    const at = known.range?.[0] ?? 0;
    this.#counted.nodes += 1;
    if (this.#counted.nodes > this.#limits.maxNodes)
      throw new YamlProblem(`has more than ${this.#limits.maxNodes} values`, at, pointer);
    // The text's own depth was checked; aliases can nest what the text does not.
    if (depth > this.#limits.maxDepth)
      throw new YamlProblem(`is nested more than ${this.#limits.maxDepth} levels deep`, at, pointer);
    if (isAlias(node)) return this.convert(this.#resolve(node, pointer), pointer, depth);
    if (isScalar(node)) return this.#scalar(node, pointer);
    if (known.tag !== undefined && !PLAIN_TAGS.has(known.tag))
      throw new YamlProblem(`the tag ${known.tag} is not allowed here`, at, pointer);
    if (this.#open.has(known)) throw new YamlProblem('contains itself', at, pointer);
    this.#open.add(known);
    const value = isMap(node) ? this.#map(node.items, pointer, depth) : this.#list(node, pointer, depth);
    this.#open.delete(known);
    return value;
  }

  #resolve(alias: Alias, pointer: string): Node {
    const at = alias.range?.[0] ?? 0;
    this.#aliases += 1;
    if (this.#aliases > this.#limits.maxAliases)
      throw new YamlProblem(`uses more than ${this.#limits.maxAliases} aliases`, at, pointer);
    const target = alias.resolve(this.#document);
    if (target === undefined) throw new YamlProblem(`alias *${alias.source} has no anchor before it`, at, pointer);
    return target;
  }

  #scalar(node: Scalar, pointer: string): unknown {
    const { value } = node;
    const at = node.range?.[0] ?? 0;
    if (typeof value === 'string') return storable(value, at, pointer);
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value !== 'number') throw new YamlProblem(`the tag ${node.tag ?? ''} is not allowed here`, at, pointer);
    if (this.#limits.numbersAsText && node.source !== undefined) return node.source;
    const octal = this.#limits.noLeadingZeros ? /^[-+]?0+([0-9]+)$/.exec(node.source ?? '')?.[1] : undefined;
    if (octal !== undefined)
      throw new YamlProblem(`${node.source} has a leading zero: write 0o${octal} where it is octal, else ${octal}`, at, pointer);
    const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    if (!exact)
      throw new YamlProblem(`${node.source ?? value} cannot be kept exactly as a number: write it in quotes`, at, pointer);
    return value;
  }

  #list(node: unknown, pointer: string, depth: number): unknown[] {
    if (!isSeq(node)) throw new YamlProblem('is neither a value, a list nor a map', 0, pointer);
    return node.items.map((item, index) => this.convert(item, pointerOf(pointer, index), depth + 1));
  }

  #map(items: ReadonlyArray<{ key: unknown; value?: unknown }>, pointer: string, depth: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const item of items) {
      const key = this.#key(item.key, pointer);
      if (Object.hasOwn(value, key))
        throw new YamlProblem(`key ${JSON.stringify(key)} is there twice`, offsetOf(item.key), pointerOf(pointer, key));
      value[key] = this.convert(item.value, pointerOf(pointer, key), depth + 1);
    }
    return value;
  }

  #key(node: unknown, pointer: string): string {
    if (!isScalar(node) || typeof node.value !== 'string') {
      const shown = isScalar(node) ? ` ${node.source ?? node.value}` : '';
      throw new YamlProblem(`key${shown} is not text: write it in quotes`, offsetOf(node), pointer);
    }
    // Assigning to __proto__ would change the object instead of adding a member.
    if (node.value === '__proto__') throw new YamlProblem('key "__proto__" is not allowed', offsetOf(node), pointer);
    return storable(node.value, offsetOf(node), pointer);
  }
}

/** YAML can write (as "\0") what JSON columns refuse when they are read: one such description would break the listing of all templates. */
function storable(text: string, at: number, pointer: string): string {
  const issue = unstorable(text);
  if (issue === undefined) return text;
  throw new YamlProblem(issue, at, pointer);
}

/** Where a node starts in the text; 0 for one that is not there. */
export function offsetOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

/** The document as plain values. `counted` is shared by the documents of one text, whose values count together. Throws YamlProblem. */
export function toValues(document: Document.Parsed, limits: YamlLimits, counted: { nodes: number } = { nodes: 0 }): unknown {
  return new Converter(document, limits, counted).convert(document.contents);
}
