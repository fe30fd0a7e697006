import { openApiDocument } from '../src/api/openapi.ts';
import type { ErrorCode } from '../src/domain/errors.ts';
import { ERROR_CATALOGUE } from '../src/domain/errors.ts';

/** The pages that are made from code. test/docs/ compares them, and writes them when UPDATE_DOCS is set. */

const HEAD = `# Errors

Made from \`src/domain/errors.ts\`; do not edit. Regenerate with \`UPDATE_DOCS=1 npm test -- test/docs\`.

The code is the same word everywhere: in the \`code\` of an answer's problem document (RFC 9457), in the \`failure\` of an operation and a step, on the
command line, and as the failure type in Temporal. *Retried*: a step that fails with it is tried again before the operation fails; all others
end the operation at once. The status is that of an answer; an operation that fails later was accepted with 202.

| code | status | step | meaning | what to do |
|---|---|---|---|---|
`;

/** docs/errors.md */
export function errorsPage(): string {
  const codes = (Object.keys(ERROR_CATALOGUE) as ErrorCode[]).toSorted();
  return `${HEAD}${codes.map(rowOf).join('')}`;
}

function rowOf(code: ErrorCode): string {
  const { status, title, guidance, ...more } = ERROR_CATALOGUE[code];
  const step = 'retryable' in more ? 'retried' : 'final';
  return `| \`${code}\` | ${status} | ${step} | ${cell(title)} | ${cell(guidance)} |\n`;
}

/** A bar would end the cell, an angle bracket would begin a tag. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/<(\w+)>/g, '&lt;$1&gt;');
}

/** docs/openapi.json */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}
