/** Where in its file a character of an expression stands, so that an editor can jump to it. */

interface Place {
  line: number;
  column: number;
}

/** `|`, `>` and their signs after the key. */
const BLOCK = /^[|>][-+0-9]*\s*(#.*)?$/;
const SPACES = /^ */;

/**
 * `start`: of the expression's value in the text, from 1. Exact for plain and quoted texts of one line and for `|` blocks; for texts that
 * YAML folds, the line the expression begins on.
 */
export function placeInExpression(text: string, start: Place, expression: string, offset: number): Place {
  const lines = text.split('\n');
  const head = (lines[start.line - 1] ?? '').slice(start.column - 1);
  const before = expression.slice(0, offset);
  if (BLOCK.test(head)) {
    const indent = SPACES.exec(lines[start.line] ?? '')?.[0].length ?? 0;
    if (head.startsWith('>')) return { line: start.line + 1, column: indent + 1 };
    return { line: start.line + before.split('\n').length, column: indent + 1 + offset - (before.lastIndexOf('\n') + 1) };
  }
  if (expression.includes('\n')) return start;
  const quote = head.startsWith('"') || head.startsWith("'") ? 1 : 0;
  return head.slice(quote).startsWith(expression) ? { line: start.line, column: start.column + quote + offset } : start;
}
