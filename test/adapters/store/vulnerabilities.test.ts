import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { VulnerabilityImport } from '../../../src/domain/vulnerabilities/database.ts';
import { describeStores } from '../../support/stores.ts';
import { advisoryOf } from '../../support/vulnerabilities.ts';

let last = 0;

describeStores('vulnerability data', (lab) => {
  const fresh = () => {
    last += 1;
    const digest = `sha256:${String(last).padStart(64, '0')}`;
    return { name: `source-${last}`, file: 'all.zip', digest, importedBy: 'ann' };
  };
  const data = () => lab.store.vulnerabilities;
  const begin = async (file: ReturnType<typeof fresh>) => (await data().begin(file)) as VulnerabilityImport;
  const whole = { batches: 1, entries: 1, allowSmaller: false };
  const found = async (name: string) => (await data().find([{ ecosystem: 'npm', name }])).map(({ id }) => id);
  const put = async (file: ReturnType<typeof fresh>, ...advisories: Array<ReturnType<typeof advisoryOf>>) => {
    const { id } = await begin(file);
    await data().append(id, 0, advisories);
    return await data().complete(id, { ...whole, entries: advisories.length });
  };

  it('are in use as soon as all of them are there, and not before', async () => {
    const file = fresh();
    const { id, next } = await begin(file);
    expect(next).toBe(0);
    const newer = advisoryOf('GHSA-2', 'first\u0000-two'.replace('\u0000', ''), '2.0.0', {
      modified: '2026-11-21T10:00:00+02:00',
      summary: 'a NUL: \u0000',
    });
    await data().append(id, 0, [
      advisoryOf('GHSA-1', 'first', '1.0.0'),
      advisoryOf('D-1', 'first', '1', { ecosystem: 'Debian:12' }),
    ]);
    await data().append(id, 1, [newer]);
    expect(await found('first')).toEqual([]);
    const source = await data().complete(id, { batches: 2, entries: 3, allowSmaller: false });
    expect(source).toMatchObject({ ...file, entries: 3, ecosystems: ['Debian', 'npm'], newest: '2026-11-21T08:00:00.000Z' });
    expect(await data().sources()).toContainEqual(source);
    expect(await found('first')).toEqual(['GHSA-1']);
    expect(await data().find([{ ecosystem: 'npm', name: 'first-two' }])).toEqual([newer]);
    expect((await data().find([{ ecosystem: 'Debian', name: 'first' }])).map(({ ecosystem }) => ecosystem)).toEqual([
      'Debian:12',
    ]);
  });

  it('are replaced at once, and the old ones are removed', async () => {
    const file = fresh();
    await put(file, advisoryOf('OLD-1', 'swapped', '1.0.0'));
    const { id } = await begin({ ...file, digest: fresh().digest });
    await data().append(id, 0, [advisoryOf('NEW-1', 'swapped', '1.0.0')]);
    expect(await found('swapped')).toEqual(['OLD-1']);
    await data().complete(id, whole);
    expect(await found('swapped')).toEqual(['NEW-1']);
    const { rows } = await lab.db.query(`select count(*)::int as n from vulnerabilities where name = 'swapped'`);
    expect(rows).toEqual([{ n: 1 }]);
    const { rows: imports } = await lab.db.query('select state from vulnerability_imports where source = $1', [file.name]);
    expect(imports).toEqual([{ state: 'current' }]);
  });

  it('of other sources stay', async () => {
    await put(fresh(), advisoryOf('A-1', 'shared', '1.0.0'));
    await put(fresh(), advisoryOf('B-1', 'shared', '1.0.0'));
    expect((await found('shared')).sort()).toEqual(['A-1', 'B-1']);
  });

  it('go on where the import stopped, and nothing is there twice', async () => {
    const file = fresh();
    const { id } = await begin(file);
    await data().append(id, 0, [advisoryOf('R-1', 'resumed', '1.0.0')]);
    expect(await begin(file)).toEqual({ id, next: 1 });
    // The answer was lost, so it is sent again.
    expect(await data().append(id, 0, [advisoryOf('R-1', 'resumed', '1.0.0')])).toEqual({ id, next: 1 });
    const both = await Promise.all([1, 2].map(() => data().append(id, 1, [advisoryOf('R-2', 'resumed', '1.0.0')])));
    expect(both).toEqual([1, 2].map(() => ({ id, next: 2 })));
    await data().complete(id, { batches: 2, entries: 2, allowSmaller: false });
    expect((await found('resumed')).sort()).toEqual(['R-1', 'R-2']);
  });

  it('of a file that is in use already are not taken again', async () => {
    const file = fresh();
    const source = await put(file, advisoryOf('S-1', 'same', '1.0.0'));
    expect(await data().begin(file)).toEqual(source);
  });

  it('that are not all there are refused, and the old ones stay', async () => {
    const file = fresh();
    await put(file, advisoryOf('K-1', 'kept', '1.0.0'));
    const { id } = await begin({ ...file, digest: fresh().digest });
    await data().append(id, 0, [advisoryOf('K-2', 'kept', '1.0.0')]);
    for (const wrong of [
      { batches: 2, entries: 1 },
      { batches: 1, entries: 2 },
    ])
      await expect(data().complete(id, { ...wrong, allowSmaller: true })).toFailWith('vulnerability_data_invalid');
    expect(await found('kept')).toEqual(['K-1']);
    expect(await begin({ ...file, digest: `sha256:${String(last).padStart(64, '0')}` })).toEqual({ id, next: 1 });
  });

  it('of which there is nothing, or far less than before, are refused unless that is meant', async () => {
    const file = fresh();
    const many = ['a', 'b', 'c'].map((name) => advisoryOf(`L-${name}`, `less-${name}`, '1.0.0'));
    await put(file, ...many);
    const { id } = await begin({ ...file, digest: fresh().digest });
    await expect(data().complete(id, { batches: 0, entries: 0, allowSmaller: true })).toFailWith('vulnerability_data_invalid');
    await data().append(id, 0, many.slice(0, 1));
    await expect(data().complete(id, whole)).toFailWith('vulnerability_data_invalid');
    expect(await found('less-c')).toEqual(['L-c']);
    expect(await data().complete(id, { ...whole, allowSmaller: true })).toMatchObject({ entries: 1 });
  });

  it('that come out of order, or for an import that is none, are refused', async () => {
    const { id } = await begin(fresh());
    await expect(data().append(id, 3, [advisoryOf('X', 'x', '1.0.0')])).toFailWith('invalid_request');
    await expect(data().append(randomUUID(), 0, [advisoryOf('X', 'x', '1.0.0')])).toFailWith('not_found');
    await expect(data().complete(randomUUID(), whole)).toFailWith('not_found');
  });

  it('that nobody went on with for a week are forgotten', async () => {
    const file = fresh();
    const { id } = await begin(file);
    await data().append(id, 0, [advisoryOf('W-1', 'week', '1.0.0')]);
    await lab.db.query(`update vulnerability_imports set touched_at = now() - interval '8 days' where id = $1`, [id]);
    expect(await begin(file)).toMatchObject({ next: 0 });
    const { rows } = await lab.db.query('select count(*)::int as n from vulnerabilities where import = $1', [id]);
    expect(rows).toEqual([{ n: 0 }]);
  });
});
