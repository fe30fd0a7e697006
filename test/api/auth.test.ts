import { EventEmitter, once } from 'node:events';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type AuthenticatorDeps, createAuthenticator } from '../../src/api/auth.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { ChangeEvent, Identity, TokenRecord } from '../../src/domain/store.ts';

/** What is believed for how long, with a store and a cluster whose answers the test gives. */

const RECORD: TokenRecord = {
  ...{ id: 'id-1', name: 'ci', identity: { user: 'ann', groups: [] }, roles: [{ role: 'viewer', namespace: '*' }] },
  createdAt: '2026-01-01T00:00:00.000Z',
};

let known: Map<string, TokenRecord>;
let cluster: Map<string, Identity>;
let asked: string[];
let tell: (event: ChangeEvent) => void;

beforeEach(() => {
  known = new Map([['chy_good', RECORD]]);
  cluster = new Map([['pod-token', { user: 'system:serviceaccount:ci:bot', groups: ['system:serviceaccounts'] }]]);
  asked = [];
});

function authenticator(more: Partial<AuthenticatorDeps> = {}) {
  const stop = new AbortController();
  const made = createAuthenticator({
    tokens: {
      authenticate: async (token) => {
        asked.push(`store ${token}`);
        return known.get(token);
      },
    },
    changes: {
      subscribe: (listener) => {
        tell = listener;
        return () => {
          tell = () => undefined;
        };
      },
    },
    review: async (token) => {
      asked.push(`cluster ${token}`);
      return cluster.get(token);
    },
    stopping: stop.signal,
    ...more,
  });
  return { ...made, ask: (token: string) => made.authenticate(`Bearer ${token}`), stop };
}

describe('a token of ours', () => {
  it('is looked up once in a while, and never shown to the cluster', async () => {
    const { ask } = authenticator();
    expect(await ask('chy_good')).toMatchObject({ via: 'token', identity: RECORD.identity, token: { id: 'id-1' } });
    await ask('chy_good');
    await expect(ask('chy_wrong')).toFailWith('unauthenticated');
    await expect(ask('chy_wrong')).toFailWith('unauthenticated');
    expect(asked).toEqual(['store chy_good', 'store chy_wrong']);
  });

  it.each<[string, ChangeEvent]>([
    ['it was revoked elsewhere', { type: 'token.revoked', id: 'id-1' }],
    ['something may have been missed', { type: 'resync' }],
  ])('is asked about anew when %s', async (_what, event) => {
    const { ask } = authenticator();
    await ask('chy_good');
    known.clear();
    await ask('chy_good');
    tell(event);
    await expect(ask('chy_good')).toFailWith('unauthenticated');
  });

  it('is not believed when the answer is older than a revocation', async () => {
    const gate = new EventEmitter();
    const opened = once(gate, 'open');
    const { ask, forget } = authenticator({
      tokens: {
        authenticate: async (token) => {
          const answer = known.get(token);
          await opened;
          return answer;
        },
      },
    });
    const first = ask('chy_good');
    known.clear();
    forget('id-1');
    gate.emit('open');
    await first;
    await expect(ask('chy_good')).toFailWith('unauthenticated');
  });

  it('ends at its moment, believed or not', async () => {
    const { ask } = authenticator();
    known.set('chy_good', { ...RECORD, expiresAt: new Date(Date.now() + 60).toISOString() });
    await ask('chy_good');
    await new Promise((resolve) => setTimeout(resolve, 80));
    await expect(ask('chy_good')).toFailWith('unauthenticated');
  });

  it('has the roles of bindings besides its own', async () => {
    const bindings = [{ role: 'operator' as const, namespaces: ['a'], users: ['ann'], groups: [] }];
    const { roles } = await authenticator({ bindings }).ask('chy_good');
    expect(roles).toEqual([...RECORD.roles, { role: 'operator', namespace: 'a' }]);
  });
});

describe('a token of the cluster', () => {
  it('is reviewed once in a while, and has no role but those of bindings', async () => {
    const bindings = [{ role: 'operator' as const, namespaces: ['ci'], users: ['system:serviceaccount:ci:bot'], groups: [] }];
    const { ask } = authenticator({ bindings });
    for (const _again of [1, 2])
      expect(await ask('pod-token')).toEqual({
        ...{ via: 'cluster', identity: { user: 'system:serviceaccount:ci:bot', groups: ['system:serviceaccounts'] } },
        roles: [{ role: 'operator', namespace: 'ci' }],
      });
    for (const _again of [1, 2]) await expect(ask('other')).toFailWith('unauthenticated');
    expect(asked).toEqual(['store pod-token', 'cluster pod-token', 'store other', 'cluster other']);
  });

  it('is neither known nor unknown while the cluster is away', async () => {
    let away = true;
    const review = async (token: string) => {
      if (away) throw new ChandleryError('cluster_unavailable', 'away');
      return cluster.get(token);
    };
    const { ask } = authenticator({ review });
    await expect(ask('pod-token')).toFailWith('cluster_unavailable');
    away = false;
    expect(await ask('pod-token')).toMatchObject({ via: 'cluster' });
  });

  it('is asked about in turns: whoever sends many does not flood the cluster, nor this server', async () => {
    const open = new EventEmitter().setMaxListeners(0);
    let running = 0;
    let most = 0;
    const review = async () => {
      running += 1;
      most = Math.max(most, running);
      await once(open, 'now');
      running -= 1;
      return undefined;
    };
    const { ask } = authenticator({ review });
    const answers = Array.from({ length: 300 }, async (_, at) => {
      return await ask(`unknown-${at}`).catch((error: ChandleryError) => error.code);
    });
    const opening = setInterval(() => open.emit('now'), 1);
    const codes = await Promise.all(answers).finally(() => clearInterval(opening));
    expect(most).toBe(8);
    expect(codes.filter((code) => code === 'unauthenticated')).toHaveLength(208);
    expect(codes.filter((code) => code === 'cluster_unavailable')).toHaveLength(92);
  });

  it('is nobody’s where the cluster is not to be asked', async () => {
    await expect(authenticator({ review: undefined }).ask('pod-token')).toFailWith('unauthenticated');
    expect(asked).toEqual(['store pod-token']);
  });
});

it('no bearer is no credential', async () => {
  const { authenticate } = authenticator();
  for (const header of [undefined, '', 'Basic YTpi', 'Bearer', 'Bearer two words', `Bearer ${'x'.repeat(8_193)}`])
    await expect(authenticate(header)).toFailWith('unauthenticated');
  expect(asked).toEqual([]);
});
