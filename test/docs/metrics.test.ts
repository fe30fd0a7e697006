import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../src/adapters/metrics/prometheus.ts';
import { codeWords, readPage, tableRows } from './support/pages.ts';

const rows = tableRows(readPage('docs/metrics.md')).filter(([name]) => /^`chandlery_/.test(name ?? ''));

describe('docs/metrics.md', () => {
  it('lists exactly the metrics there are, with their types', async () => {
    const { text } = await createMetrics().exposition();
    const types = [...text.matchAll(/^# TYPE (chandlery_\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(rows.map(([name, type]) => `${codeWords(name ?? '')[0]} ${type}`).toSorted()).toEqual(types.toSorted());
  });
});
