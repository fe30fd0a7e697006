/** YAML from strangers, read within limits; every problem has a line and a column. How it is read: yaml-values.ts. */

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter } from 'yaml';
import { ChandleryError, type ErrorCode, type ErrorIssue } from './errors.ts';
import { segmentsOf } from './json-pointer.ts';
import { composeDocuments, composeYaml, offsetOf, toValues, type YamlLimits, YamlProblem } from './yaml-values.ts';

/** Of a manifest. The largest real ones (a chart with two hundred parameters) are a tenth of this. */
export const MANIFEST_YAML_LIMITS: Readonly<YamlLimits> = Object.freeze({
  maxBytes: 256 * 1024,
  maxDepth: 40,
  maxNodes: 20_000,
  maxAliases: 100,
});

/** Of one file of Kubernetes manifests: definitions of custom resources are long and deep. No more than a rendered template may be. */
export const CONTENT_YAML_LIMITS: Readonly<YamlLimits> = Object.freeze({
  maxBytes: 1024 * 1024,
  maxDepth: 64,
  maxNodes: 100_000,
  maxAliases: 100,
  // `defaultMode: 0400` taken for four hundred would let others write to the file.
  noLeadingZeros: true,
});

/** A reader gets no use out of more; the first ones usually cause the rest. */
const MAX_ISSUES = 50;

export type { YamlLimits } from './yaml-values.ts';

interface YamlPosition {
  line: number;
  column: number;
}

/** One parsed document: its value as JSON would have it, and where each part of it stands in the text. */
export interface YamlDocument {
  value: unknown;
  /** Where the value (or its key) at a JSON pointer starts; where it is not there, its nearest parent. Line and column count from 1. */
  locate(pointer: string, part?: 'key' | 'value'): YamlPosition;
  /** The scalar as written, `1.10` rather than 1.1; undefined when the pointer names no scalar. */
  sourceOf(pointer: string): string | undefined;
}

export interface YamlOptions {
  /** name shown in errors */
  file: string;
  limits?: YamlLimits;
  /** code of the failure, template_invalid unless told */
  code?: ErrorCode;
}

/** The failure for a list of problems: the first one in the message, all of them (at most 50) in `details.issues`. */
export function issuesFailure(code: ErrorCode, file: string, issues: readonly ErrorIssue[]): ChandleryError {
  const first = issues[0] ?? { path: '', message: 'not valid' };
  const at = first.path === '' ? '' : `${first.path}: `;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const message = `${file}:${first.line ?? 1}:${first.column ?? 1}: ${at}${first.message}${more}`;
  return new ChandleryError(code, message, { file, issues: issues.slice(0, MAX_ISSUES) });
}

class LocatedDocument implements YamlDocument {
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(document: Document.Parsed, value: unknown, lines: LineCounter) {
    this.value = value;
    this.#document = document;
    this.#lines = lines;
  }

  locate(pointer: string, part: 'key' | 'value' = 'value'): YamlPosition {
    const { node, key } = this.#find(pointer);
    return positionOf(this.#lines, offsetOf(part === 'key' && key !== undefined ? key : node));
  }

  sourceOf(pointer: string): string | undefined {
    const { node, whole } = this.#find(pointer);
    return whole && isScalar(node) ? (node.source ?? String(node.value)) : undefined;
  }

  #find(pointer: string): { node: unknown; key?: unknown; whole: boolean } {
    let node: unknown = this.#document.contents;
    let key: unknown;
    for (const segment of segmentsOf(pointer)) {
      const parent = isAlias(node) ? node.resolve(this.#document) : node;
      const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === segment) : undefined;
      const child = isSeq(parent) ? parent.items[Number(segment)] : pair?.value;
      if (pair === undefined && child === undefined) return { node, key, whole: false };
      key = pair?.key ?? child;
      // `key:` with nothing after it has no node of its own; its key shows the place.
      node = child ?? pair?.key;
    }
    return { node, key, whole: true };
  }
}

function positionOf(lines: LineCounter, offset: number): YamlPosition {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/**
 * Reads one YAML document (core schema, text keys, no duplicate keys, no custom tags) into plain values.
 * Fails with `options.code`, naming file, line and column.
 */
export function readYaml(text: string, options: YamlOptions): YamlDocument {
  const { limits = MANIFEST_YAML_LIMITS } = options;
  return reading(text, options, (lines) => {
    const document = composeYaml(text, lines, limits);
    return new LocatedDocument(document, toValues(document, limits), lines);
  });
}

/** Reads every document of a text, with the same rules; the limits are for the whole text. Documents with nothing in them are left out. */
export function readYamlDocuments(text: string, options: YamlOptions & { maxDocuments: number }): YamlDocument[] {
  const { limits = MANIFEST_YAML_LIMITS, maxDocuments } = options;
  return reading(text, options, (lines) => {
    const counted = { nodes: 0 };
    return composeDocuments(text, lines, limits, maxDocuments)
      .map((document) => new LocatedDocument(document, toValues(document, limits, counted), lines))
      .filter((document) => document.value !== null);
  });
}

/** Bounds the text and gives every problem its place. */
function reading<Result>(text: string, options: YamlOptions, read: (lines: LineCounter) => Result): Result {
  const { file, limits = MANIFEST_YAML_LIMITS, code = 'template_invalid' } = options;
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.maxBytes) {
    throw issuesFailure(code, file, [
      { path: '', message: `is ${bytes} bytes long, at most ${limits.maxBytes} are allowed`, line: 1, column: 1 },
    ]);
  }
  const lines = new LineCounter();
  try {
    return read(lines);
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    throw issuesFailure(code, file, [{ path: error.pointer, message: error.message, ...positionOf(lines, error.offset) }]);
  }
}
