import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { EffectKey } from '../../src/domain/effects.ts';
import { targetId } from '../../src/domain/operation.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import { describeStores, fenced, operationOn } from '../support/stores.ts';

function keyOf(root: string, step: string, generation = 0): EffectKey {
  return { root, step, object: '-', generation };
}

const entry = (result: unknown, inputDigest = 'in') => ({
  inputDigest,
  result,
  resultDigest: `digest of ${JSON.stringify(result)}`,
});

describeStores('effects, fences and attempts', (lab) => {
  describe('record', () => {
    it('writes once: whoever comes second with the same is given what is stored', async () => {
      const operation = operationOn(freshNamespace(), 'shop');
      const context = await fenced(lab, operation, 'scan');
      const key = keyOf(operation.root, 'scan');
      const all = await Promise.all(
        Array.from({ length: 10 }, () => lab.store.effects.record(key, context, entry({ files: 3 }))),
      );
      expect(new Set(all.map((record) => JSON.stringify(record))).size).toBe(1);
      expect(all[0]).toEqual({
        key,
        operation: operation.id,
        inputDigest: 'in',
        result: { files: 3 },
        resultDigest: 'digest of {"files":3}',
        undone: false,
      });
      const { rows } = await lab.db.query('select count(*)::int as n from effects where root = $1', [operation.root]);
      expect(rows).toEqual([{ n: 1 }]);
    });

    it('renews a record whose input has changed, since its effect no longer stood', async () => {
      const operation = operationOn(freshNamespace(), 'shop');
      const context = await fenced(lab, operation, 'scan');
      const key = keyOf(operation.root, 'scan');
      await lab.store.effects.record(key, context, entry('old', 'one'));
      expect(await lab.store.effects.record(key, context, entry('new', 'two'))).toMatchObject({
        result: 'new',
        inputDigest: 'two',
      });
      expect(await lab.store.effects.find(key)).toMatchObject({ result: 'new' });
    });

    it('is refused with fenced_off to who holds no fence, or an older one', async () => {
      const namespace = freshNamespace();
      const older = operationOn(namespace, 'shop');
      const early = operationOn(namespace, 'shop');
      await expect(lab.store.effects.record(keyOf(older.root, 'scan'), older.context('scan'), entry(1))).toFailWith('fenced_off');
      const context = await fenced(lab, older, 'scan');
      await fenced(lab, early, 'scan');
      await expect(lab.store.effects.record(keyOf(older.root, 'scan'), context, entry(1))).toFailWith('fenced_off');
      expect(await lab.store.effects.find(keyOf(older.root, 'scan'))).toBeUndefined();
    });
  });

  describe('find', () => {
    it('knows the newest generation that stands, and the last that wrote anything', async () => {
      const operation = operationOn(freshNamespace(), 'shop');
      const context = await fenced(lab, operation, 'scan');
      for (const generation of [0, 1, 2])
        await lab.store.effects.record(keyOf(operation.root, 'scan', generation), context, entry(generation));
      await lab.db.query('update effects set undone_at = now() where root = $1 and generation = 2', [operation.root]);
      expect((await lab.store.effects.findStanding(keyOf(operation.root, 'scan', 5)))?.result).toBe(1);
      expect((await lab.store.effects.findStanding(keyOf(operation.root, 'scan', 0)))?.result).toBe(0);
      expect(await lab.store.effects.find(keyOf(operation.root, 'scan', 2))).toMatchObject({ result: 2, undone: true });
      expect(await lab.store.effects.find(keyOf(operation.root, 'scan', 3))).toBeUndefined();
      expect((await lab.store.effects.listByRoot(operation.root)).map(({ key }) => key.generation)).toEqual([0, 1, 2]);
      expect(await lab.store.effects.lastGeneration(operation.root)).toBe(2);
      await lab.store.attempts.recordFailure(keyOf(operation.root, 'scan', 4), 1, { code: 'network', message: 'x' });
      expect(await lab.store.effects.lastGeneration(operation.root)).toBe(4);
      expect(await lab.store.effects.lastGeneration(randomUUID())).toBe(-1);
    });
  });

  describe('the fence of a target', () => {
    it('rises with each operation, and stays for one that takes it again', async () => {
      const namespace = freshNamespace();
      const [first, second] = [operationOn(namespace, 'shop'), operationOn(namespace, 'shop')];
      const take = ({ target, id, startedAt }: typeof first) => lab.store.fences.take(targetId(target), id, startedAt);
      expect([await take(first), await take(first), await take(second), await take(second)]).toEqual([1, 1, 2, 2]);
    });

    it('is refused with fenced_off to an operation that started before the holder', async () => {
      const namespace = freshNamespace();
      const [earlier, later] = [operationOn(namespace, 'shop'), operationOn(namespace, 'shop')];
      await fenced(lab, later, 'pre-validate');
      await expect(fenced(lab, earlier, 'pre-validate')).toFailWith('fenced_off');
      expect((await fenced(lab, later, 'pre-validate')).fence).toBe(1);
    });

    it('is one number for everybody who takes it at once', async () => {
      const operation = operationOn(freshNamespace(), 'shop');
      const contexts = await Promise.all(Array.from({ length: 8 }, () => fenced(lab, operation, 'pre-validate')));
      expect(contexts.map(({ fence }) => fence)).toEqual(contexts.map(() => 1));
    });
  });

  describe('attempts', () => {
    it('counts failures by step and generation, each once', async () => {
      const root = randomUUID();
      const fail = (generation: number, attempt: number) =>
        lab.store.attempts.recordFailure(keyOf(root, 'download', generation), attempt, {
          code: 'network',
          message: `attempt ${attempt}`,
        });
      expect([await fail(0, 1), await fail(0, 1), await fail(0, 3), await fail(1, 1)]).toEqual([1, 1, 2, 1]);
      expect(await lab.store.attempts.listByRoot(root, 0)).toEqual([
        { step: 'download', attempt: 1, outcome: 'network', message: 'attempt 1', at: expect.stringMatching(/Z$/) },
        { step: 'download', attempt: 3, outcome: 'network', message: 'attempt 3', at: expect.stringMatching(/Z$/) },
      ]);
    });

    it('does not count what is waited for, and lists it', async () => {
      const key = keyOf(randomUUID(), 'apply', 0);
      const fail = (attempt: number, code: string) =>
        lab.store.attempts.recordFailure(key, attempt, { code, message: 'away' }, ['cluster_unavailable']);
      const counts = [await fail(1, 'cluster_unavailable'), await fail(2, 'network'), await fail(3, 'cluster_unavailable')];
      expect(counts).toEqual([0, 1, 1]);
      expect(await lab.store.attempts.listByRoot(key.root, 0)).toHaveLength(3);
    });
  });
});
