import { describe, expect, it } from '@jest/globals';
import type { StepContext } from '../../../src/domain/effects.ts';
import { jsonDigest } from '../../../src/domain/json-digest.ts';
import type { PublishedVersion } from '../../../src/domain/published.ts';
import { LIMITS } from '../../../src/domain/registry-schemas.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import type { ValidationReport } from '../../../src/domain/validation-report.ts';
import { manifestText } from '../../support/registry-folder.ts';
import { describeStores, fenced, operationOn } from '../../support/stores.ts';

const REPORT: ValidationReport = {
  status: 'approved',
  reasons: [],
  score: { parts: {}, measured: 100 },
  findings: [],
  more: 0,
};

let lastName = 0;
/** A name that no other test uses. */
function freshName(): string {
  lastName += 1;
  return `template-${lastName}`;
}

function versionOf(
  name: string,
  version: string,
  publisher = 'ann',
  bytes = '',
): Omit<PublishedVersion, 'publishedAt' | 'operation'> {
  return {
    ...{ name, version, publisher, size: 1, contentHash: 'e'.repeat(64), dependencies: [], status: 'approved' },
    digest: jsonDigest({ name, version, bytes }),
    manifest: parseTemplate(manifestText({ name, version })),
  };
}

describeStores('what is published', (lab) => {
  const start = (name: string) => fenced(lab, operationOn('local', name, undefined, 'publish'), 'publish');
  const publish = (
    context: StepContext,
    version: ReturnType<typeof versionOf>,
    more: { byScope?: boolean; signature?: string } = {},
  ) => lab.store.published.publish(context, { inputDigest: 'in', version, report: REPORT, readme: 'hello\0', ...more });
  const published = async (version: ReturnType<typeof versionOf>) => publish(await start(version.name), version);
  const versions = async (name: string) => (await lab.store.published.versionsOf(name)).map(({ version }) => version);

  describe('publish', () => {
    it('happens once: the same effect again answers the recorded outcome', async () => {
      const name = freshName();
      const context = await start(name);
      const first = await publish(context, versionOf(name, '1.0.0'));
      expect(first).toMatchObject({ changed: true, name, version: '1.0.0' });
      const again = await Promise.all([1, 2, 3].map(() => publish(context, versionOf(name, '1.0.0'))));
      expect(again).toEqual([first, first, first]);
      const { rows } = await lab.db.query('select count(*)::int as n from published_versions where name = $1', [name]);
      expect(rows).toEqual([{ n: 1 }]);
      expect(await lab.store.published.readme(name, '1.0.0')).toBe('hello');
    });

    it('changes nothing for the same bytes, and refuses others with version_exists', async () => {
      const name = freshName();
      await published(versionOf(name, '1.0.0'));
      const before = await lab.store.published.find(name, '1.0.0');
      const stamp = await lab.store.published.stamp();
      expect(await published(versionOf(name, '1.0.0'))).toMatchObject({ changed: false });
      await expect(published(versionOf(name, '1.0.0', 'ann', 'other'))).toFailWith('version_exists');
      expect(await lab.store.published.find(name, '1.0.0')).toEqual(before);
      expect(await lab.store.published.stamp()).toEqual(stamp);
    });

    it('gives the name to the first of many at once, and refuses the others with not_owner', async () => {
      const name = freshName();
      const users = ['ann', 'bob', 'cid', 'dan'];
      const context = await start(name);
      // One target, one fence: the steps of different operations, as if the lock had failed.
      const outcomes = await Promise.allSettled(
        users.map((user, at) => publish({ ...context, root: `${context.root}-${user}` }, versionOf(name, `1.0.${at}`, user))),
      );
      const won = users.filter((_, at) => outcomes[at]?.status === 'fulfilled');
      expect(won).toHaveLength(1);
      const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(lost.map(({ code }) => code)).toEqual(['not_owner', 'not_owner', 'not_owner']);
      expect(await lab.store.published.owners(name)).toEqual({ name, owners: won });
      expect(await versions(name)).toHaveLength(1);
    });

    it('lets further owners in, and tokens that were given for the name', async () => {
      const name = freshName();
      await published(versionOf(name, '1.0.0'));
      await expect(published(versionOf(name, '1.1.0', 'bob'))).toFailWith('not_owner');
      await publish(await start(name), versionOf(name, '1.1.0', 'bob'), { byScope: true });
      await lab.store.published.setOwners(name, ['ann', 'cid']);
      await published(versionOf(name, '1.2.0', 'cid'));
      expect(await versions(name)).toEqual(['1.0.0', '1.1.0', '1.2.0']);
      expect(await lab.store.published.setOwners('nobodys', ['ann'])).toBeUndefined();
    });

    it('is refused with fenced_off to an operation that another one has followed', async () => {
      const name = freshName();
      const older = await start(name);
      await start(name);
      await expect(publish(older, versionOf(name, '1.0.0'))).toFailWith('fenced_off');
      expect(await versions(name)).toEqual([]);
      expect(await lab.store.published.owners(name)).toBeUndefined();
    });

    it('keeps the signatures of a version, each once, and takes one later for the same bytes', async () => {
      const name = freshName();
      const signed = async (version: ReturnType<typeof versionOf>, signature: string) =>
        publish(await start(name), version, { signature });
      expect(await signed(versionOf(name, '1.0.0'), 'first')).toMatchObject({ changed: true, signed: true });
      expect(await signed(versionOf(name, '1.0.0'), 'first')).not.toHaveProperty('signed');
      const { revision } = await lab.store.published.stamp();
      expect(await signed(versionOf(name, '1.0.0'), 'second')).toMatchObject({ changed: false, signed: true });
      expect((await lab.store.published.stamp()).revision).toBe(revision + 1);
      expect(await lab.store.published.signatures(name, '1.0.0')).toEqual(['first', 'second']);
      await expect(signed(versionOf(name, '1.0.0', 'bob'), 'third')).toFailWith('not_owner');
      await expect(signed(versionOf(name, '1.0.0', 'ann', 'other bytes'), 'third')).toFailWith('version_exists');
      for (let at = 2; at < LIMITS.signatures; at += 1) await signed(versionOf(name, '1.0.0'), `signature ${at}`);
      await expect(signed(versionOf(name, '1.0.0'), 'one too many')).toFailWith('too_large');
      expect(await lab.store.published.signatures(name, '1.1.0')).toEqual([]);
    });

    it('is for good: the database itself refuses to change a version', async () => {
      const name = freshName();
      await published(versionOf(name, '1.0.0'));
      const change = lab.db.query(`update published_versions set digest = 'other' where name = $1`, [name]);
      await expect(change).rejects.toThrow('immutable');
    });
  });

  describe('undo', () => {
    it('removes the version and the name that came with it, however often it is asked for', async () => {
      const name = freshName();
      const context = await start(name);
      await publish(context, versionOf(name, '1.0.0'));
      for (let times = 0; times < 3; times += 1)
        expect(await lab.store.published.undo(context)).toEqual({ undone: true, warnings: [] });
      expect(await versions(name)).toEqual([]);
      expect(await lab.store.published.owners(name)).toBeUndefined();
      await expect(publish(context, versionOf(name, '1.0.0'))).toFailWith('fenced_off');
    });

    it('leaves what was there before', async () => {
      const name = freshName();
      await published(versionOf(name, '1.0.0'));
      const context = await start(name);
      expect(await publish(context, versionOf(name, '1.0.0'))).toMatchObject({ changed: false });
      expect(await lab.store.published.undo(context)).toMatchObject({ undone: true });
      expect(await versions(name)).toEqual(['1.0.0']);
      const next = await start(name);
      await publish(next, versionOf(name, '1.1.0'));
      await lab.store.published.undo(next);
      expect(await versions(name)).toEqual(['1.0.0']);
      expect(await lab.store.published.owners(name)).toEqual({ name, owners: ['ann'] });
    });

    it('takes back a signature that came later, and only that one', async () => {
      const name = freshName();
      await publish(await start(name), versionOf(name, '1.0.0'), { signature: 'first' });
      const context = await start(name);
      await publish(context, versionOf(name, '1.0.0'), { signature: 'second' });
      for (let times = 0; times < 2; times += 1) await lab.store.published.undo(context);
      expect(await versions(name)).toEqual(['1.0.0']);
      expect(await lab.store.published.signatures(name, '1.0.0')).toEqual(['first']);
    });

    it('removes a version with its signature', async () => {
      const name = freshName();
      const context = await start(name);
      await publish(context, versionOf(name, '1.0.0'), { signature: 'first' });
      await lab.store.published.undo(context);
      expect(await lab.store.published.signatures(name, '1.0.0')).toEqual([]);
    });

    it('does nothing where nothing was done, and keeps a late attempt from doing it', async () => {
      const name = freshName();
      const context = await start(name);
      expect(await lab.store.published.undo(context)).toEqual({ undone: false, warnings: [] });
      await expect(publish(context, versionOf(name, '1.0.0'))).toFailWith('fenced_off');
    });
  });

  it('yanks a version and takes that back', async () => {
    const name = freshName();
    await published(versionOf(name, '1.0.0'));
    const { revision } = await lab.store.published.stamp();
    expect(await lab.store.published.setYanked(name, '1.0.0', { by: 'ann', reason: 'it leaks' })).toBe(true);
    expect((await lab.store.published.find(name, '1.0.0'))?.yanked).toMatchObject({ by: 'ann', reason: 'it leaks' });
    expect((await lab.store.published.listed()).find((line) => line.name === name)).toMatchObject({
      yanked: true,
      type: 'manifests',
      metadata: { name, version: '1.0.0' },
    });
    expect(await lab.store.published.setYanked(name, '1.0.0', undefined)).toBe(true);
    expect(await lab.store.published.find(name, '1.0.0')).not.toHaveProperty('yanked');
    expect(await lab.store.published.setYanked(name, '9.9.9', undefined)).toBe(false);
    expect((await lab.store.published.stamp()).revision).toBe(revision + 2);
  });

  it('keeps the latest rating of each user, marks and downloads, and sums them up', async () => {
    const name = freshName();
    const { published: store } = lab.store;
    await store.rate(name, { user: 'ann', rating: 1, comment: 'broken' });
    await store.rate(name, { user: 'bob', rating: 4 });
    await store.rate(name, { user: 'ann', rating: 5 });
    await Promise.all(Array.from({ length: 20 }, () => store.countDownload(name, '1.0.0')));
    await store.countDownload(name, '1.1.0');
    expect((await store.facts(name)).get(name)).toEqual({ downloads: 21, rating: 4.5, ratingCount: 2, verified: false });
    expect(await store.ratings(name, 10)).toEqual([
      { user: 'ann', rating: 5, at: expect.any(String) },
      { user: 'bob', rating: 4, at: expect.any(String) },
    ]);
    await store.setVerified(name, { by: 'root', note: 'we know them' });
    expect(await store.verified(name)).toEqual({ by: 'root', note: 'we know them', at: expect.any(String) });
    expect((await store.facts()).get(name)).toMatchObject({ verified: true });
    await store.setVerified(name, undefined);
    expect(await store.verified(name)).toBeUndefined();
    await expect(store.rate(name, { user: 'cid', rating: 6 })).rejects.toThrow('check');
  });
});
