import Table from 'cli-table3';
import { cut, oneLine } from './text.ts';

/** Tables as kubectl prints them: columns and nothing else, so that `awk` and eyes read them alike. */

const GAP = '   ';
/** Below this a description is of no use; the terminal wraps instead. */
const MIN_LAST_WIDTH = 20;
const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((name) => [name, '']),
);

export interface TableOptions {
  /** Columns of the terminal; the last column is cut to fit. Absent for pipes: nothing is cut. */
  width?: number | undefined;
  /** Spaces before each line. */
  indent?: number;
}

/** The rows under their heads; an empty string where there is no row. */
export function renderTable(
  heads: readonly string[],
  rows: ReadonlyArray<ReadonlyArray<string | undefined>>,
  options: TableOptions = {},
): string {
  if (rows.length === 0) return '';
  const indent = ' '.repeat(options.indent ?? 0);
  const cells = [heads, ...rows].map((row) => heads.map((_, column) => oneLine(row[column] ?? '') || '-'));
  const table = new Table({
    chars: { ...NO_LINES, middle: GAP },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  });
  table.push(...withinWidth(cells, options.width === undefined ? undefined : options.width - indent.length));
  return table
    .toString()
    .split('\n')
    .map((line) => `${indent}${line}`.trimEnd())
    .join('\n');
}

function withinWidth(cells: string[][], width: number | undefined): string[][] {
  if (width === undefined) return cells;
  const last = (cells[0]?.length ?? 1) - 1;
  const before = Array.from(
    { length: last },
    (_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)) + GAP.length,
  );
  const left = width - before.reduce((sum, one) => sum + one, 0);
  if (left < MIN_LAST_WIDTH) return cells;
  return cells.map((row) => [...row.slice(0, last), cut(row[last] ?? '', left)]);
}
