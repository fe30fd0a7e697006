import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { TEMPLATE_SCHEMA } from '../../src/domain/template-schema.ts';

const here = dirname(fileURLToPath(import.meta.url));

describe('the published schema', () => {
  const path = join(here, '../../docs/schemas/template.schema.json');
  const text = `${JSON.stringify(TEMPLATE_SCHEMA, null, 2)}\n`;

  it('is the one in the code (UPDATE_SCHEMAS=1 writes it)', () => {
    // biome-ignore lint/complexity/useLiteralKeys: an environment variable, not a property
    if (process.env['UPDATE_SCHEMAS'] === '1') writeFileSync(path, text);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});
