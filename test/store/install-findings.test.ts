import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../../src/domain/validation.ts';
import { describeStores, fenced, itemOf, materialise, operationOn } from '../support/stores.ts';

const DAY_MS = 86_400_000;
const LIMITS = { maxAgeMs: 7 * DAY_MS, retryMs: 3_600_000, limit: 100 };
const finding = (id: string, more: Partial<Finding> = {}): Finding => ({
  ...{ id, severity: 'high', file: 'a.yaml', line: 1, explanation: 'why', recommendation: 'do' },
  ...more,
});

describeStores('findings of what is installed', (lab) => {
  const install = async (namespace: string, name: string) => {
    const item = itemOf(name, '1.0.0');
    await materialise(lab, await fenced(lab, operationOn(namespace, name), 'install'), [item]);
    return item.locked.digest;
  };
  const findings = () => lab.store.findings;
  const stale = async (ruleset: string) => (await findings().stale(ruleset, LIMITS)).map(({ digest }) => digest);

  it('are looked for once per archive and ruleset, a week later again', async () => {
    const digest = await install('stale-a', 'stale');
    expect(await install('stale-b', 'stale')).toBe(digest);
    expect((await findings().stale('r/1', LIMITS)).filter((one) => one.digest === digest)).toEqual([
      { digest, template: 'stale@1.0.0' },
    ]);
    await findings().record(digest, { ruleset: 'r/1', findings: [] });
    expect(await stale('r/1')).not.toContain(digest);
    expect(await stale('r/2')).toContain(digest);
    await lab.db.query("update install_checks set checked_at = now() - interval '8 days' where digest = $1", [digest]);
    expect(await stale('r/1')).toContain(digest);
  });

  it('are asked for again some hours after a look that failed, and not before', async () => {
    const digest = await install('failing', 'failing');
    await findings().recordFailure(digest, { ruleset: 'r/1', failure: { code: 'scan_blocked', message: 'broken' } });
    expect(await stale('r/1')).not.toContain(digest);
    await lab.db.query("update install_checks set checked_at = now() - interval '2 hours' where digest = $1", [digest]);
    expect(await stale('r/1')).toContain(digest);
    const look = (await findings().of([digest])).get(digest);
    expect(look).toMatchObject({ check: { failure: { code: 'scan_blocked', message: 'broken' } }, findings: [] });
  });

  it('are new once, stay what they are, go, and are new when they come back', async () => {
    const digest = await install('events', 'events');
    const look = (ruleset: string, ...found: Finding[]) => findings().record(digest, { ruleset, findings: found });
    expect(await look('r/1', finding('a'), finding('a', { line: 2 }))).toHaveLength(2);
    expect(await look('r/2', finding('a', { severity: 'low' }), finding('b\0', { file: 'x\0' }))).toMatchObject([{ id: 'b\0' }]);
    const standing = (await findings().of([digest])).get(digest)?.findings ?? [];
    expect(standing.map(({ id, line }) => [id.slice(0, 1), line])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(await look('r/3', finding('a', { line: 2 }))).toMatchObject([{ id: 'a', line: 2 }]);
    const events = await findings().events({ namespace: 'events', limit: 10 });
    expect(events.map(({ finding: { id, line }, goneAt }) => [id.slice(0, 1), line, goneAt !== undefined])).toEqual([
      ['a', 2, false],
      ['b', 1, true],
      ['a', 2, true],
      ['a', 1, true],
    ]);
    expect(events[0]).toMatchObject({
      ...{ type: 'finding.new', digest, ruleset: 'r/3' },
      installs: [{ cluster: 'local', namespace: 'events', name: 'events', version: '1.0.0' }],
    });
    expect(await findings().events({ namespace: 'events', limit: 1, below: events[2]?.id ?? 0 })).toEqual([events[3]]);
    expect(await findings().events({ namespace: 'elsewhere', limit: 10 })).toEqual([]);
  });

  it('are no event where they were there when it was installed, and the first look says so', async () => {
    const digest = await install('baseline', 'baseline');
    const look = { ruleset: 'r/1', findings: [finding('a'), finding('b')], before: [finding('a')] };
    expect(await findings().record(digest, look)).toEqual([finding('b')]);
    expect((await findings().of([digest])).get(digest)?.findings).toHaveLength(2);
    expect(await findings().events({ namespace: 'baseline', limit: 10 })).toMatchObject([{ finding: { id: 'b' } }]);
    const later = { ...look, findings: [...look.findings, finding('c')], before: [finding('c')] };
    expect(await findings().record(digest, later)).toEqual([finding('c')]);
  });

  it('stand when two look at the same time', async () => {
    const digest = await install('races', 'races');
    const looks = await Promise.all(
      [1, 2, 3, 4].map(() => findings().record(digest, { ruleset: 'r', findings: [finding('a')] })),
    );
    expect(looks.flat()).toHaveLength(1);
  });

  it('are kept up to a number, the worst first', async () => {
    const digest = await install('many', 'many');
    const many = Array.from({ length: 600 }, (_, line) => finding('info', { severity: 'info', line }));
    expect(
      await findings().record(digest, { ruleset: 'r', findings: [...many, finding('bad', { severity: 'critical' })] }),
    ).toHaveLength(500);
    expect((await findings().of([digest])).get(digest)?.findings[0]).toMatchObject({ id: 'bad', since: expect.any(String) });
  });
});

describe('the verdict on an archive', () => {
  describeStores('found by its bytes alone', (lab) => {
    it('is the newest', async () => {
      const { contentHash, manifest, trust, locked } = itemOf('latest', '1.0.0');
      const verdict = { contentHash, manifest, trust, files: 1, unpackedBytes: 1 };
      expect(await lab.store.scans.latest(locked.digest)).toBeUndefined();
      await lab.store.scans.save(locked.digest, 'a', verdict);
      await lab.store.scans.save(locked.digest, 'b', { ...verdict, files: 2 });
      expect(await lab.store.scans.latest(locked.digest)).toMatchObject({ ruleset: 'b', verdict: { files: 2 } });
    });
  });
});
