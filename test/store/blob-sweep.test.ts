import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { changed, deploymentKey, pinOf, startOf } from '../support/deployments.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { describeStores, fenced, itemOf, materialise, operationOn } from '../support/stores.ts';

const WEEK_DAYS = 7;

describeStores('the sweep', (lab) => {
  const store = async (bytes = randomBytes(300_000)) => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const upload = await lab.store.blobs.openUpload(randomUUID(), digest);
    await upload.append(bytes);
    await upload.complete(bytes.length);
    return digest;
  };
  const sweep = async () => {
    const total = { blobs: 0, bytes: 0, uploads: 0 };
    for (let more = true; more; ) {
      const round = await lab.store.blobs.sweep();
      total.blobs += round.blobs;
      total.bytes += round.bytes;
      total.uploads += round.uploads;
      more = round.more;
    }
    return total;
  };
  /** As if it had been unused, or open, for so many days. */
  const age = async (days: number) => {
    const past = 'now() - make_interval(days => $1)';
    await lab.db.query(`update blobs set unused_since = ${past} where unused_since is not null`, [days]);
    await lab.db.query(`update uploads set created_at = ${past}`, [days]);
  };
  const isThere = async (digest: string) => (await lab.db.query('select from blobs where digest = $1', [digest])).rowCount === 1;
  const chunks = async () => (await lab.db.query('select count(*)::integer as n from blob_chunks')).rows[0].n;

  beforeEach(async () => {
    await sweep();
    await age(WEEK_DAYS + 1);
    await sweep();
  });

  it('removes what nothing has referred to for a week, with its bytes, and nothing before', async () => {
    const before = await chunks();
    const digests = await Promise.all(Array.from({ length: 7 }, () => store()));
    expect(await sweep()).toEqual({ blobs: 0, bytes: 0, uploads: 0 });
    await age(WEEK_DAYS - 1);
    expect(await sweep()).toMatchObject({ blobs: 0 });
    await age(WEEK_DAYS + 1);
    expect(await sweep()).toEqual({ blobs: 7, bytes: 7 * 300_000, uploads: 0 });
    for (const digest of digests) expect(await lab.store.blobs.has(digest)).toBe(false);
    expect(await chunks()).toBe(before);
  });

  describe('leaves what is referred to', () => {
    const unused = async (digest: string) =>
      (await lab.db.query('select unused_since from blobs where digest = $1', [digest])).rows[0]?.unused_since;

    it('by an install, until a week after it is gone', async () => {
      const digest = await store();
      const namespace = freshNamespace();
      const item = itemOf('web', '1.0.0');
      const context = await fenced(lab, operationOn(namespace, 'web'), 'install');
      await materialise(lab, context, [{ ...item, locked: { ...item.locked, digest } }]);
      await sweep();
      expect(await unused(digest)).toBeNull();
      await lab.store.installs.undo(context);
      await sweep();
      expect(await unused(digest)).toBeInstanceOf(Date);
      await materialise(lab, await fenced(lab, operationOn(namespace, 'web'), 'install'), [
        { ...item, locked: { ...item.locked, digest } },
      ]);
      await age(WEEK_DAYS + 1);
      expect(await sweep()).toMatchObject({ blobs: 0 });
      expect(await unused(digest)).toBeNull();
    });

    it('by a revision of a deployment', async () => {
      const digest = await store();
      const start = startOf('deploy', { ...pinOf('web'), digest }, { origin: 'builtin' });
      await changed(lab, deploymentKey(freshNamespace(), 'site'), start);
      await sweep();
      expect(await unused(digest)).toBeNull();
    });

    it('by a published version', async () => {
      const digest = await store();
      const name = `t-${randomUUID().slice(0, 8)}`;
      await lab.db.query("insert into published_names (name, owners, operation) values ($1, '[]', 'o')", [name]);
      await lab.db.query(
        `insert into published_versions (name, version, digest, size, content_hash, manifest, dependencies, report, status, publisher, operation)
          values ($1, '1.0.0', $2, 1, 'h', '{}', '[]', '{}', 'approved', 'ann', 'o')`,
        [name, digest],
      );
      await sweep();
      expect(await unused(digest)).toBeNull();
    });
  });

  it('leaves, for another week, what a step has just found or stored again', async () => {
    const bytes = randomBytes(1_000);
    const [found, stored, neither] = [await store(), await store(bytes), await store()];
    await sweep();
    await age(WEEK_DAYS + 1);
    expect(await lab.store.blobs.has(found)).toBe(true);
    await store(bytes);
    expect(await sweep()).toMatchObject({ blobs: 1 });
    expect(await Promise.all([found, stored, neither].map(isThere))).toEqual([true, true, false]);
  });

  it('and a step that looks at the same moment agree on whether it is there', async () => {
    for (let round = 0; round < 10; round += 1) {
      const digest = await store();
      await sweep();
      await age(WEEK_DAYS + 1);
      const [has] = await Promise.all([lab.store.blobs.has(digest), lab.store.blobs.sweep()]);
      expect(await isThere(digest)).toBe(has);
    }
  });

  describe('what is refused is removed at once, with its bytes,', () => {
    const discard = (digest: string) => lab.store.blobs.discard(digest);

    it('where only the operation that stored it knows of it', async () => {
      const before = await chunks();
      const [refused, other] = [await store(), await store()];
      await discard(refused);
      expect(await Promise.all([refused, other].map(isThere))).toEqual([false, true]);
      await discard(other);
      expect(await chunks()).toBe(before);
      await expect(discard(other)).resolves.toBeUndefined();
    });

    it('but not where another operation has found it, or has stored the same', async () => {
      const bytes = randomBytes(1_000);
      const [found, stored] = [await store(), await store(bytes)];
      expect(await lab.store.blobs.has(found)).toBe(true);
      await store(bytes);
      await Promise.all([found, stored].map(discard));
      expect(await Promise.all([found, stored].map(isThere))).toEqual([true, true]);
    });

    it('nor where something refers to it', async () => {
      const digest = await store();
      const item = itemOf('web', '1.0.0');
      const context = await fenced(lab, operationOn(freshNamespace(), 'web'), 'install');
      await materialise(lab, context, [{ ...item, locked: { ...item.locked, digest } }]);
      await discard(digest);
      expect(await isThere(digest)).toBe(true);
    });

    it('and a step that looks at the same moment agree on whether it is there', async () => {
      for (let round = 0; round < 10; round += 1) {
        const digest = await store();
        const [has] = await Promise.all([lab.store.blobs.has(digest), discard(digest)]);
        expect(await isThere(digest)).toBe(has);
      }
    });
  });

  describe('forgets what later looks have found', () => {
    const look = async (digest: string, days: number) => {
      const finding = {
        id: 'x/y',
        severity: 'high',
        file: 'a.yaml',
        explanation: 'it is so',
        recommendation: 'change it',
      } as const;
      await lab.store.findings.record(digest, { ruleset: 'r/1', findings: [finding] });
      // Gone by a later look, and kept for the events.
      await lab.store.findings.record(digest, { ruleset: 'r/2', findings: [{ ...finding, id: 'x/z' }] });
      await lab.db.query('update install_checks set checked_at = now() - make_interval(days => $2) where digest = $1', [
        digest,
        days,
      ]);
    };
    const rows = async (digest: string) => {
      const text = `select (select count(*) from install_checks where digest = $1)::integer as checks,
        (select count(*) from install_findings where digest = $1)::integer as findings`;
      return (await lab.db.query(text, [digest])).rows[0];
    };

    it('in bytes that nobody has installed for a week, and in no others', async () => {
      const [gone, young] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];
      const item = itemOf('looked-at', '1.0.0');
      const installed = item.locked.digest;
      await materialise(lab, await fenced(lab, operationOn(freshNamespace(), 'looked-at'), 'install'), [item]);
      for (const [digest, days] of [
        [gone, WEEK_DAYS + 1],
        [young, WEEK_DAYS - 1],
        [installed, WEEK_DAYS + 1],
      ] as const)
        await look(digest, days);
      await sweep();
      expect(await rows(gone)).toEqual({ checks: 0, findings: 0 });
      expect(await rows(young)).toEqual({ checks: 1, findings: 2 });
      expect(await rows(installed)).toEqual({ checks: 1, findings: 2 });
    });

    it('a few at a time, until none is left', async () => {
      const digests = Array.from({ length: 12 }, (_, at) => `sha256:${'3'.repeat(62)}${at + 10}`);
      for (const digest of digests) await look(digest, WEEK_DAYS + 1);
      expect(await lab.store.blobs.sweep()).toMatchObject({ looks: 5, more: true });
      await sweep();
      for (const digest of digests) expect(await rows(digest)).toEqual({ checks: 0, findings: 0 });
    });

    it('but not while somebody looks', async () => {
      const digest = `sha256:${'4'.repeat(64)}`;
      await look(digest, WEEK_DAYS + 1);
      await lab.db.query('begin');
      await lab.db.query('update install_checks set ruleset = ruleset where digest = $1', [digest]);
      await sweep();
      await lab.db.query('commit');
      expect(await rows(digest)).toEqual({ checks: 1, findings: 2 });
    });
  });

  it('drops an upload that nobody has finished for a week, and what it had stored', async () => {
    const before = await chunks();
    const key = randomUUID();
    const upload = await lab.store.blobs.openUpload(key, 'sha256:never');
    await upload.append(randomBytes(600_000));
    await age(WEEK_DAYS - 1);
    expect(await sweep()).toMatchObject({ uploads: 0 });
    await age(WEEK_DAYS + 1);
    expect(await sweep()).toMatchObject({ uploads: 1 });
    expect(await chunks()).toBe(before);
    expect((await lab.store.blobs.openUpload(key, 'sha256:never')).offset).toBe(0);
  });

  it('leaves an upload of long ago that a replay has taken up', async () => {
    const key = randomUUID();
    await (await lab.store.blobs.openUpload(key, 'sha256:x')).append(randomBytes(300_000));
    await age(WEEK_DAYS + 1);
    expect((await lab.store.blobs.openUpload(key, 'sha256:x')).offset).toBeGreaterThan(0);
    expect(await sweep()).toMatchObject({ uploads: 0 });
  });
});
