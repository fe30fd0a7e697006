import { describe, expect, it } from '@jest/globals';
import type { SearchFilter, TemplateSummary } from '../../src/domain/registry.ts';
import { searchTemplates } from '../../src/domain/search-page.ts';

const template = (name: string, more: Partial<TemplateSummary> = {}): TemplateSummary => ({
  name,
  version: '1.0.0',
  description: '',
  tags: [],
  type: 'manifests',
  registry: 'r',
  registryType: 'private',
  digest: `sha256:${'0'.repeat(64)}`,
  ...more,
});
const catalog = [
  template('postgres', { description: 'A relational database', category: 'database', tags: ['sql', 'storage'] }),
  template('redis', {
    displayName: 'Redis cache',
    description: 'Key-value store',
    category: 'database',
    tags: ['cache', 'storage'],
  }),
  template('redis-cluster', { description: 'Several of them', category: 'database', type: 'stack' }),
  template('web-app', { description: 'Uses redis for sessions', category: 'web' }),
];
const names = (filter: SearchFilter) => searchTemplates(catalog, filter).templates.map(({ name }) => name);

describe('searchTemplates', () => {
  it('lists everything by name without a query', () => {
    expect(names({})).toEqual(['postgres', 'redis', 'redis-cluster', 'web-app']);
  });

  it('ranks the name before the description', () => {
    expect(names({ q: 'redis' })).toEqual(['redis', 'redis-cluster', 'web-app']);
    expect(names({ q: 'redis', sort: 'name' })).toEqual(['redis', 'redis-cluster', 'web-app']);
    expect(names({ q: 'CLUSTER, redis!' })).toEqual(['redis-cluster']);
    expect(names({ q: 'sess' })).toEqual(['web-app']);
    expect(names({ q: 'gres' })).toEqual(['postgres']);
    expect(names({ q: 'redis nothing' })).toEqual([]);
    expect(names({ q: ' ... ' })).toHaveLength(4);
  });

  it('filters by any category, all tags and the type, ignoring case', () => {
    expect(names({ category: ['web', 'DATABASE'] })).toHaveLength(4);
    expect(names({ category: ['web'] })).toEqual(['web-app']);
    expect(names({ tag: ['Storage', 'cache'] })).toEqual(['redis']);
    expect(names({ type: 'stack' })).toEqual(['redis-cluster']);
  });

  it('pages by cursor without loss or doubling', () => {
    const all: string[] = [];
    let cursor: string | undefined;
    do {
      const page = searchTemplates(catalog, { limit: 3, ...(cursor ? { cursor } : {}) });
      expect(page.total).toBe(4);
      all.push(...page.templates.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor);
    expect(all).toEqual(names({}));
  });

  it('pages by number', () => {
    expect(names({ limit: 3, page: 2 })).toEqual(['web-app']);
    expect(names({ limit: 3, page: 9 })).toEqual([]);
  });

  describe('when the cursor was tampered with', () => {
    const cursor = searchTemplates(catalog, { limit: 1 }).nextCursor ?? '';
    const at = (text: string) => Buffer.from(text).toString('base64url');
    it.each([
      ['another position', at(Buffer.from(cursor, 'base64url').toString().replace('1.1.', '1.3.'))],
      ['nothing', ''],
      ['padding', `${cursor}=`],
      ['a cut', cursor.slice(0, -2)],
      ['noise', '%%%'],
      ['other text', at('1.-1.00000000')],
    ])('fails with invalid_request: %s', async (_what, tampered) => {
      await expect(() => searchTemplates(catalog, { limit: 1, cursor: tampered })).toFailWith('invalid_request');
    });

    it('fails with invalid_request: for another query', async () => {
      await expect(() => searchTemplates(catalog, { limit: 1, cursor, q: 'redis' })).toFailWith('invalid_request');
      await expect(() => searchTemplates(catalog, { limit: 1, cursor, page: 1 })).toFailWith('invalid_request');
    });
  });

  it.each([0, 101, 1.5, Number.NaN])('fails with invalid_request for the limit %p', async (limit) => {
    await expect(() => searchTemplates(catalog, { limit })).toFailWith('invalid_request');
  });
});
