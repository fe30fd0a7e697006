import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Target } from '../../src/domain/operation.ts';
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
      expect(await keys().claim(id, 'a')).toEqual({ outcome: 'begun' });
      await keys().aim(id, TARGET);
      expect(await keys().claim(id, 'a')).toEqual({ outcome: 'busy' });
      await keys().leave(id);
      expect(await keys().claim(id, 'b')).toEqual({ outcome: 'other' });
      const both = await Promise.all([keys().claim(id, 'a'), keys().claim(id, 'a')]);
      expect(both).toContainEqual({ outcome: 'begun', target: TARGET });
      expect(both).toContainEqual({ outcome: 'busy' });
    });

    it('answers what was kept, and after a day it is new', async () => {
      const id = randomUUID();
      await keys().claim(id, 'a');
      await keys().aim(id, TARGET);
      await keys().keep(id, ANSWER);
      await abandon(id);
      expect(await keys().claim(id, 'a')).toEqual({ outcome: 'answered', answer: ANSWER });
      await age(id, REQUEST_KEY_HOURS + 1);
      expect(await keys().claim(id, 'b')).toEqual({ outcome: 'new' });
      await keys().leave(id);
      expect(await keys().claim(id, 'b')).toEqual({ outcome: 'begun' });
    });

    it('forgets others that are too old', async () => {
      const old = randomUUID();
      await keys().claim(old, 'a');
      await age(old, REQUEST_KEY_HOURS + 1);
      await keys().claim(randomUUID(), 'a');
      expect((await lab.db.query('select id from request_keys where id = $1', [old])).rowCount).toBe(0);
    });
  });

  describe('release', () => {
    it('frees a key that nothing came of, and not one that was answered', async () => {
      const [freed, answered] = [randomUUID(), randomUUID()];
      await keys().claim(freed, 'a');
      await keys().claim(answered, 'a');
      await keys().keep(answered, ANSWER);
      await Promise.all([keys().release(freed), keys().release(answered)]);
      expect(await keys().claim(freed, 'b')).toEqual({ outcome: 'new' });
      expect(await keys().claim(answered, 'a')).toEqual({ outcome: 'answered', answer: ANSWER });
    });
  });
});
