import { describe, expect, it } from '@jest/globals';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import { EMPTY_BOOK } from '../../src/domain/policy/book.ts';
import type { Decision } from '../../src/domain/policy/decision.ts';
import { describeStores, fenced, itemOf, materialise, operationOn } from '../support/stores.ts';

const entry = (version: string, digest = `sha256:${version}`, yanked = false) => ({
  version,
  digest,
  size: 1,
  dependencies: [],
  yanked,
});

const DECISION: Decision = {
  allowed: true,
  template: 'shop@1.0.0',
  registry: 'main',
  digest: 'sha256:1',
  at: '2026-11-21T12:00:00.000Z',
  policies: EMPTY_BOOK.digest,
  rules: [{ rule: 'registry-allowed', verdict: 'passed', input: { allow: true }, why: 'it is' }],
  more: 0,
};

describeStores('what was seen of registries', (lab) => {
  it('is nothing at first', async () => {
    expect(await lab.store.seen.find('main', 'first')).toEqual({ versions: [] });
    expect(await lab.store.seen.signer('main', 'first')).toBeUndefined();
  });

  it('keeps the digest of a version that was fetched, and learns of its yank', async () => {
    await lab.store.seen.remember('main', 'shop', { versions: [entry('1.0.0', 'sha256:wrong')] });
    await lab.store.seen.remember('main', 'shop', { versions: [entry('1.0.0')] });
    await lab.store.seen.fetched('main', 'shop', '1.0.0', 'sha256:1.0.0');
    await lab.store.seen.remember('main', 'shop', { versions: [entry('1.0.0', 'sha256:other', true), entry('1.1.0')] });
    const { versions } = await lab.store.seen.find('main', 'shop');
    expect(versions.map(({ version, digest, yanked }) => [version, digest, yanked]).sort()).toEqual([
      ['1.0.0', 'sha256:1.0.0', true],
      ['1.1.0', 'sha256:1.1.0', false],
    ]);
    expect(await lab.store.seen.find('other', 'shop')).toEqual({ versions: [] });
  });

  it('keeps the newest date of an index', async () => {
    const remember = (generatedAt: string, replaces = false) =>
      lab.store.seen.remember('main', 'dated', { versions: [], generatedAt }, replaces);
    await remember('2026-11-20T00:00:00.000Z');
    await remember('2026-11-19T00:00:00.000Z');
    expect((await lab.store.seen.find('main', 'dated')).generatedAt).toBe('2026-11-20T00:00:00.000Z');
    await remember('2026-11-18T00:00:00.000Z', true);
    expect((await lab.store.seen.find('main', 'dated')).generatedAt).toBe('2026-11-18T00:00:00.000Z');
  });

  it('forgets what somebody answers for, and only in that registry', async () => {
    for (const registry of ['main', 'web'])
      await lab.store.seen.remember(registry, 'pruned', { versions: [entry('1.0.0'), entry('1.1.0')] });
    await lab.store.seen.remember('main', 'pruned', { versions: [entry('1.1.0', 'sha256:new')] }, true);
    expect((await lab.store.seen.find('main', 'pruned')).versions).toMatchObject([{ version: '1.1.0', digest: 'sha256:new' }]);
    expect((await lab.store.seen.find('web', 'pruned')).versions).toHaveLength(2);
  });

  it('keeps the last signer', async () => {
    const signer = { kind: 'keyless', identity: 'release@example.org', issuer: 'https://token.example.org' } as const;
    await lab.store.seen.rememberSigner('main', 'signed', signer);
    await lab.store.seen.remember('main', 'signed', { versions: [], generatedAt: '2026-11-20T00:00:00.000Z' });
    expect(await lab.store.seen.signer('main', 'signed')).toEqual(signer);
  });

  describe('a decision', () => {
    it('is stored with the install, and back after an undo', async () => {
      const first = operationOn('team', 'shop');
      const step = await fenced(lab, first, 'install');
      await materialise(lab, step, [{ ...itemOf('shop', '1.0.0'), decision: DECISION }]);
      const second = operationOn('team', 'shop');
      const next = await fenced(lab, second, 'install');
      await materialise(lab, next, [itemOf('shop', '1.1.0')]);
      expect((await lab.store.installs.get(LOCAL_CLUSTER, 'team', 'shop'))?.decision).toBeUndefined();
      await lab.store.installs.undo(next);
      expect((await lab.store.installs.get(LOCAL_CLUSTER, 'team', 'shop'))?.decision).toEqual(DECISION);
    });
  });
});
