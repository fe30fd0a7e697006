import { expect, it } from '@jest/globals';
import { jsonDigest } from '../../src/domain/json-digest.ts';
import { describeStores } from '../support/stores.ts';

describeStores('documents', (lab) => {
  it('are named by their digest and read back as they were', async () => {
    const body = {
      list: [1, 1.5, -0.25, 1e21, null, true, ''],
      text: 'a\u0000b\u2028\ud800 "\\ \n€𝄞',
      empty: {},
      b: 1,
      a: { '': [] },
    };
    const digest = await lab.store.documents.put('rendered', body);
    expect(digest).toBe(jsonDigest(body));
    const read = await lab.store.documents.get('rendered', digest);
    expect(read).toEqual(body);
    expect(Object.keys(read as object)).toEqual(Object.keys(body));
  });

  it.each([[null], [0], [''], [[]], [false]])('may be %j', async (body) => {
    expect(await lab.store.documents.get('draft', await lab.store.documents.put('draft', body))).toEqual(body);
  });

  it('are written once, also by many at once', async () => {
    const body = { many: 'writers' };
    const digests = await Promise.all(Array.from({ length: 8 }, () => lab.store.documents.put('plan', body)));
    expect(new Set(digests)).toEqual(new Set([jsonDigest(body)]));
    const { rows } = await lab.db.query('select count(*)::int as n from documents where digest = $1', [jsonDigest(body)]);
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('keep the first body under a digest that the caller chose', async () => {
    expect(await lab.store.documents.put('plan', { at: 1 }, 'sha256:chosen')).toBe('sha256:chosen');
    await lab.store.documents.put('plan', { at: 2 }, 'sha256:chosen');
    expect(await lab.store.documents.get('plan', 'sha256:chosen')).toEqual({ at: 1 });
  });

  it('that are missing, or of another kind, are undefined', async () => {
    const digest = await lab.store.documents.put('plan', { only: 'a plan' });
    expect(await lab.store.documents.get('rendered', digest)).toBeUndefined();
    expect(await lab.store.documents.get('plan', 'sha256:none')).toBeUndefined();
  });
});
