import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { readPage } from './support/pages.ts';

const records = readdirSync(join(PACKAGE_ROOT, 'docs', 'adr')).toSorted();

describe('docs/adr', () => {
  it('is numbered without gaps', () => {
    expect(records.map((file) => file.slice(0, 4))).toEqual(records.map((_, at) => String(at + 1).padStart(4, '0')));
  });

  it.each(records)('%s has a date, a status, and the three parts', (file) => {
    const text = readPage(`docs/adr/${file}`);
    expect(text).toMatch(/^# \d{4} .+\n\nDate: \d{4}-\d\d-\d\d\. Status: (accepted|superseded by \d{4})\.\n/);
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(['Context', 'Decision', 'Consequences']);
  });
});
