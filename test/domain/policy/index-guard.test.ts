import { describe, expect, it } from '@jest/globals';
import type { IndexNow, SeenIndex } from '../../../src/domain/policy/index-guard.ts';
import { isNews, judgeIndex, withoutWaived } from '../../../src/domain/policy/index-guard.ts';
import { DEFAULT_REGISTRY_POLICIES } from '../../../src/domain/policy/registry-policy.ts';
import { DAY, NOW, waiver } from './facts-support.ts';

const POLICY = { ...DEFAULT_REGISTRY_POLICIES.official, maximumIndexAgeMs: 7 * DAY };
const day = (days: number) => new Date(NOW + days * DAY).toISOString();
const entry = (version: string, digest = `sha256:${version}`, yanked = false) => ({
  version,
  digest,
  size: 1,
  dependencies: [],
  ...(yanked && { yanked }),
});
const seen = (...versions: string[]): SeenIndex => ({
  versions: versions.map((version) => ({
    version,
    digest: `sha256:${version}`,
    yanked: false,
    fetched: true,
    firstSeenAt: day(-30),
  })),
  generatedAt: day(-2),
});
const now = (versions: IndexNow['versions'], more: Partial<IndexNow> = {}): IndexNow => ({
  versions,
  complete: true,
  keepsBytes: true,
  generatedAt: day(-1),
  ...more,
});
const rules = (before: SeenIndex, index: IndexNow, policy = POLICY) =>
  judgeIndex(before, index, policy, NOW).map(({ rule }) => rule);

describe('judgeIndex', () => {
  it('takes whatever comes first, and whatever is added', () => {
    expect(rules({ versions: [] }, now([entry('1.0.0')]))).toEqual([]);
    expect(rules(seen('1.0.0'), now([entry('1.0.0'), entry('1.1.0')]))).toEqual([]);
  });

  it('refuses a rollback: an index older than the one seen', () => {
    expect(rules(seen('1.0.0'), now([entry('1.0.0')], { generatedAt: day(-3) }))).toEqual(['index/older']);
  });

  it('refuses a list that lost a version without a yank', () => {
    const [problem] = judgeIndex(seen('1.0.0', '1.1.0'), now([entry('1.0.0')]), POLICY, NOW);
    expect(problem).toMatchObject({ rule: 'index/lost-versions', message: expect.stringContaining('1.1.0') });
  });

  it('takes a yank, and the end of a version that was yanked', () => {
    expect(rules(seen('1.0.0'), now([entry('1.0.0', 'sha256:1.0.0', true)]))).toEqual([]);
    const yanked = { ...seen('1.0.0'), versions: seen('1.0.0').versions.map((version) => ({ ...version, yanked: true })) };
    expect(rules(yanked, now([]))).toEqual([]);
  });

  it('refuses a frozen index, and one dated in time to come', () => {
    expect(rules({ versions: [] }, now([], { generatedAt: day(-8) }))).toEqual(['index/frozen']);
    expect(rules({ versions: [] }, now([], { generatedAt: day(1) }))).toEqual(['index/frozen']);
    expect(rules({ versions: [] }, now([], { generatedAt: day(-8) }), { ...POLICY, maximumIndexAgeMs: 0 })).toEqual([]);
  });

  it('refuses a mixed index: other bytes under a version that was seen', () => {
    expect(rules(seen('1.0.0'), now([entry('1.0.0', 'sha256:other')]))).toEqual(['index/changed-digest']);
  });

  it('takes other bytes where none were had yet, and of a registry that may show a working branch', () => {
    const listed = { ...seen('1.0.0'), versions: seen('1.0.0').versions.map((version) => ({ ...version, fetched: false })) };
    expect(rules(listed, now([entry('1.0.0', 'sha256:other')]))).toEqual([]);
    expect(rules(seen('1.0.0'), now([entry('1.0.0', 'sha256:other')], { keepsBytes: false }))).toEqual([]);
  });

  it('takes a shorter list of a registry that lists only what was asked for, but no other bytes', () => {
    expect(rules(seen('1.0.0', '1.1.0'), now([entry('1.1.0')], { complete: false }))).toEqual([]);
    expect(rules(seen('1.0.0'), now([entry('1.0.0', 'sha256:other')], { complete: false }))).toEqual(['index/changed-digest']);
  });

  it('asks nothing where the policy says so', () => {
    expect(rules(seen('1.0.0'), now([]), { ...POLICY, protectIndex: false })).toEqual([]);
  });

  it('names five lost versions and counts the others', () => {
    const many = Array.from({ length: 12 }, (_, at) => `1.${at}.0`);
    expect(judgeIndex(seen(...many), now([]), POLICY, NOW)[0]?.message).toContain('1.4.0 and 7 more');
  });
});

describe('withoutWaived', () => {
  const problems = judgeIndex(seen('1.0.0'), now([]), POLICY, NOW);
  const what = { registry: 'campus', template: 'shop' };

  it('leaves out what somebody answers for', () => {
    expect(withoutWaived(problems, what, [waiver({ rule: 'index/lost-versions', registry: 'campus' })], NOW)).toEqual([]);
  });

  it('keeps it when the waiver expired', () => {
    const expired = waiver({ rule: 'index/lost-versions', registry: 'campus', expires: '2026-11-21' });
    expect(withoutWaived(problems, what, [expired], NOW)).toEqual(problems);
  });
});

describe('isNews', () => {
  it('is a version, a yank, or a later date', () => {
    expect(isNews(seen('1.0.0'), now([entry('1.0.0')], { generatedAt: day(-2) }))).toBe(false);
    expect(isNews(seen('1.0.0'), now([entry('1.0.0')]))).toBe(true);
    expect(isNews(seen('1.0.0'), { versions: [entry('1.0.0', 'sha256:1.0.0', true)], complete: true, keepsBytes: true })).toBe(
      true,
    );
    expect(isNews(seen('1.0.0'), { versions: [entry('1.1.0')], complete: true, keepsBytes: true })).toBe(true);
  });
});
