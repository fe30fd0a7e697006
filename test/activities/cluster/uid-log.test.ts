import { describe, expect, it } from '@jest/globals';
import type { Uids } from '../../../activities/cluster/uid-log.ts';
import { UidLog } from '../../../activities/cluster/uid-log.ts';

describe('UidLog', () => {
  it('writes what is known, in order and one after the other, and leaves the rest', async () => {
    const saved: Uids[] = [];
    let open = 0;
    const log = new UidLog(async (uids) => {
      expect(++open).toBe(1);
      await Promise.resolve();
      saved.push(uids);
      open -= 1;
    });
    log.noteValues('secret');
    log.write();
    log.note(0, 'a');
    log.note(2, 'c');
    log.write();
    log.write();
    log.note(1, 'b');
    expect(await log.rest()).toEqual({ objects: [{ index: 1, uid: 'b' }] });
    expect(saved).toEqual([
      { objects: [], values: 'secret' },
      {
        objects: [
          { index: 0, uid: 'a' },
          { index: 2, uid: 'c' },
        ],
      },
    ]);
    expect(await log.rest()).toEqual({ objects: [] });
  });

  it('says at the next look that a write failed', async () => {
    const log = new UidLog(() => Promise.reject(new Error('the store is away')));
    log.note(0, 'a');
    log.write();
    await expect(log.written()).rejects.toThrow('the store is away');
    await expect(log.rest()).rejects.toThrow('the store is away');
  });
});
