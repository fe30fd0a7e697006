import type pg from 'pg';
import type { FencedWriter } from '../../domain/effects.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { FenceStore } from '../../domain/store.ts';
import { guarded } from './database.ts';

// Temporal runs one operation a target after the other, so an earlier start can only be a step that was thought dead.
const TAKE = {
  name: 'fence-take',
  text: `
    insert into fences as f (target, fence, holder, holder_started_at) values ($1, 1, $2, $3)
    on conflict (target) do update set
      fence = case when f.holder = excluded.holder then f.fence else f.fence + 1 end,
      holder = excluded.holder, holder_started_at = excluded.holder_started_at
    where f.holder = excluded.holder or f.holder_started_at <= excluded.holder_started_at
    returning fence`,
};

export function createFenceStore(pool: pg.Pool): FenceStore {
  return {
    take: (target, operation, startedAt) =>
      guarded(async () => {
        const { rows } = await pool.query<{ fence: string }>({ ...TAKE, values: [target, operation, startedAt] });
        const fence = rows[0]?.fence;
        if (fence === undefined) throw fencedOff({ target, operation, fence: 0 });
        return Number(fence);
      }),
  };
}

export function fencedOff(writer: FencedWriter): ChandleryError {
  return new ChandleryError('fenced_off', `${writer.operation} no longer holds ${writer.target}`, {
    operation: writer.operation,
  });
}
