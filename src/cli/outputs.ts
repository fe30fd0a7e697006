import type { OutputView } from '../domain/deployment.ts';
import { oneLine } from './text.ts';

/** Connection details as lines, the names in one column; those without a value tell why. */
export function outputLines(outputs: readonly OutputView[], hint?: string): string[] {
  const width = Math.max(0, ...outputs.map(({ name }) => name.length));
  return outputs.map(({ name, value, note, secret }) => {
    const shown = value ?? (secret && hint !== undefined ? `(secret: ${hint})` : `(${note ?? 'no value'})`);
    const behind = value !== undefined && note !== undefined ? `  (${note})` : '';
    return `${oneLine(name).padEnd(width)}  ${oneLine(`${shown}${behind}`)}`;
  });
}
