import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChandleryError } from '../../src/domain/errors.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';

const here = dirname(fileURLToPath(import.meta.url));
export const small = fixture('small.yaml');

export function fixture(name: string): string {
  return readFileSync(join(here, '../fixtures/templates', name), 'utf8');
}

export function failureOf(text: string, file?: string): ChandleryError {
  try {
    parseTemplate(text, file);
  } catch (error) {
    if (error instanceof ChandleryError) return error;
    throw error;
  }
  throw new Error('expected the template to be refused');
}

/** The small fixture with its `spec` replaced. */
export function withSpec(spec: string): string {
  return `${small.slice(0, small.indexOf('spec:'))}${spec}`;
}

/** The small fixture with one place changed; `from` must be there. */
export function broken(from: string, to: string): string {
  if (!small.includes(from)) throw new Error(`the fixture has no ${JSON.stringify(from)}`);
  return small.replace(from, to);
}
