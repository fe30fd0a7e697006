import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Target } from '../../src/domain/operation.ts';
import type { HeldKey } from '../../src/domain/request-keys.ts';
import { REQUEST_KEY_HOURS } from '../../src/domain/request-keys.ts';
import { describeStores } from '../support/stores.ts';

const ANSWER = { status: 202, location: '/api/v1/operations/x', body: { operation: 'x', joined: false } };
const TARGET: Target = { kind: 'install', cluster: 'local', namespace: 'team', name: 'web' };

describeStores('request keys', (lab) => {
  const keys = () => lab.store.requestKeys;
  const age = (id: string, hours: number) =>
    lab.db.query('update request_keys set created_at = now() - make_interval(hours => $2) where id = $1', [id, hours]);
  /** Its claimer's time is over. */
  const abandon = (id: string) => lab.db.query('update request_keys set busy_until = now() where id = $1', [id]);

  /** Fails the test unless the claim was granted. */
  async function held(id: string, fingerprint = 'a'): Promise<HeldKey> {
    const claim = await keys().claim(id, fingerprint);
    if ('holder' in claim) return { id, holder: claim.holder };
    throw new Error(`not granted: ${claim.outcome}`);
  }
  const granted = (outcome: string, more = {}) => ({ outcome, holder: expect.any(String), ...more });

  describe('claim', () => {
    it('gives a key to one of many at once', async () => {
      const id = randomUUID();
      const outcomes = (await Promise.all(Array.from({ length: 8 }, () => keys().claim(id, 'a')))).map(({ outcome }) => outcome);
      expect(outcomes.sort()).toEqual([...Array.from({ length: 7 }, () => 'busy'), 'new']);
      expect(await keys().claim(id, 'b')).toEqual({ outcome: 'other' });
    });

    it('gives one that its claimer left to the next, once, with the target', async () => {
      const id = randomUUID();
      await keys().claim(id, 'a');
      await abandon(id);
      const second = await held(id);
      expect(await keys().aim(second, TARGET)).toBe(true);
      expect(await keys().claim(id, 'a')).toEqual({ outcome: 'busy' });
      await keys().leave(second);
      expect(await keys().claim(id, 'b')).toEqual({ outcome: 'other' });
      const both = await Promise.all([keys().claim(id, 'a'), keys().claim(id, 'a')]);
      expect(both).toContainEqual(granted('begun', { target: TARGET }));
      expect(both).toContainEqual({ outcome: 'busy' });
    });

    it('answers what was kept, and after a day it is new', async () => {
      const id = randomUUID();
      const key = await held(id);
      await keys().aim(key, TARGET);
      expect(await keys().keep(key, ANSWER)).toBe(true);
      await abandon(id);
      expect(await keys().claim(id, 'a')).toEqual({ outcome: 'answered', answer: ANSWER });
      await age(id, REQUEST_KEY_HOURS + 1);
      const next = await keys().claim(id, 'b');
      expect(next).toEqual(granted('new'));
      await keys().leave({ id, holder: 'holder' in next ? next.holder : '' });
      expect(await keys().claim(id, 'b')).toEqual(granted('begun'));
    });

    it('forgets others that are too old', async () => {
      const old = randomUUID();
      await keys().claim(old, 'a');
      await age(old, REQUEST_KEY_HOURS + 1);
      await keys().claim(randomUUID(), 'a');
      expect((await lab.db.query('select id from request_keys where id = $1', [old])).rowCount).toBe(0);
    });
  });

  describe('aim', () => {
    it('begins the time anew', async () => {
      const id = randomUUID();
      const key = await held(id);
      await abandon(id);
      expect(await keys().aim(key, TARGET)).toBe(true);
      expect(await keys().claim(id, 'a')).toEqual({ outcome: 'busy' });
    });
  });

  describe('a claimer that was too slow', () => {
    /** The key, as the slow one and as the one that came after it hold it. */
    async function overtaken(): Promise<{ id: string; slow: HeldKey; next: HeldKey }> {
      const id = randomUUID();
      const slow = await held(id);
      await abandon(id);
      return { id, slow, next: await held(id) };
    }

    it('writes no target and no answer', async () => {
      const { id, slow, next } = await overtaken();
      expect(await keys().aim(slow, { ...TARGET, name: 'other' })).toBe(false);
      expect(await keys().keep(slow, { ...ANSWER, body: { operation: 'other' } })).toBe(false);
      expect(await keys().aim(next, TARGET)).toBe(true);
      expect(await keys().keep(next, ANSWER)).toBe(true);
      expect(await keys().claim(id, 'a')).toEqual({ outcome: 'answered', answer: ANSWER });
    });

    it('neither frees the key nor gives it on', async () => {
      const { id, slow, next } = await overtaken();
      await keys().release(slow);
      await keys().leave(slow);
      expect(await keys().claim(id, 'b')).toEqual({ outcome: 'other' });
      expect(await keys().claim(id, 'a')).toEqual({ outcome: 'busy' });
      await keys().release(next);
      expect(await keys().claim(id, 'b')).toEqual(granted('new'));
    });
  });

  describe('release', () => {
    it('frees a key that nothing came of, and not one that was answered', async () => {
      const [freed, answered] = [await held(randomUUID()), await held(randomUUID())];
      await keys().keep(answered, ANSWER);
      await Promise.all([keys().release(freed), keys().release(answered)]);
      expect(await keys().claim(freed.id, 'b')).toEqual(granted('new'));
      expect(await keys().claim(answered.id, 'a')).toEqual({ outcome: 'answered', answer: ANSWER });
    });
  });
});
