import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { codeWords, existsInRepository, readPage, tableRows } from './support/pages.ts';

const rows = tableRows(readPage('docs/security-tests.md')).slice(1);

/** What may be broken or forged, in the words of those who asked for it; each must be in some row. */
const ATTACKS = [
  ...['flipped bit anywhere in archive, manifest, signature, bundle or certificate', 'renamed, added or removed'],
  ...['signature of another artifact', 'right signature of the wrong identity', 'expired certificate', 'not valid yet'],
  ...['log entry for another digest', 'two manifests', 'case-clashing paths', 'Unicode look-alike paths'],
  ...['policy that does not compile', 'policy that never ends', 'SBOM of 100 MB', 'database file that was cut off'],
  ...['waiver that expired', 'rollback', 'frozen index', 'mixed index', 'endless archive', 'slow archive'],
];

interface Names {
  /** Of every describe and it, as written: `is refused: %s`. */
  titles: string[];
  /** Every text of the file, among them what `each` puts into titles. */
  texts: Set<string>;
}

const NAMING = new Set(['describe', 'it', 'test']);

/** `it`, `it.concurrent` and `it.each(...)` are all calls of `it`. */
function calledName(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return calledName(node.expression);
  return undefined;
}

function namesIn(path: string): Names {
  const names: Names = { titles: [], texts: new Set() };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) names.texts.add(node.text);
    if (ts.isCallExpression(node) && NAMING.has(calledName(node.expression) ?? '')) {
      const [title] = node.arguments;
      if (title && ts.isStringLiteralLike(title)) names.titles.push(title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readPage(path), ts.ScriptTarget.ES2022, true));
  return names;
}

/** Whether a test of that name runs: it stands there, or `each` makes it from texts that stand there. */
function hasName({ titles, texts }: Names, name: string): boolean {
  return titles.some((title) => {
    const pattern = title.split(/%[sij]/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const found = new RegExp(`^${pattern.join('(.+)')}$`).exec(name);
    return found?.slice(1).every((filled) => texts.has(filled)) ?? false;
  });
}

describe('docs/security-tests.md', () => {
  it.each(ATTACKS)('has a row for: %s', (attack) => {
    expect(rows.some(([words]) => words?.includes(attack))).toBe(true);
  });

  it.each(rows)('%s: its tests are there, under these names', (_attack, file = '', names = '') => {
    const [path = ''] = codeWords(file);
    expect(existsInRepository(path)).toBe(true);
    const there = namesIn(path);
    const words = codeWords(names);
    expect(words.length).toBeGreaterThan(0);
    expect(words.filter((word) => !hasName(there, word))).toEqual([]);
  });
});
