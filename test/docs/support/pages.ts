import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../src/config.ts';

/** Reads the pages of docs/ as text and as tables. */

export function readPage(path: string): string {
  return readFileSync(join(PACKAGE_ROOT, path), 'utf8');
}

/** README.md and every Markdown page below docs/, as paths from the root. */
export function allPages(): string[] {
  const below = readdirSync(join(PACKAGE_ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return ['README.md', ...below.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)];
}

/** Cells of every table row of a text, without the rows of dashes. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|') && !/^\|[-|]+$/.test(line));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** What stands between backticks. */
export function codeWords(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word ?? '');
}

/** The text from a heading to the next one of the same or a higher level. */
export function sectionOf(text: string, heading: string): string {
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) return '';
  const level = /^#+/.exec(heading)?.[0].length ?? 1;
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && (/^#+/.exec(line)?.[0].length ?? 9) <= level);
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n');
}

/** Whether the path exists in the repository; one that ends in a slash must be a folder. */
export function existsInRepository(path: string): boolean {
  const full = join(PACKAGE_ROOT, path);
  return existsSync(full) && (!path.endsWith('/') || statSync(full).isDirectory());
}
