import { beforeEach, describe, expect, it } from '@jest/globals';
import { applyOurs } from '../../../activities/cluster/apply-ours.ts';
import type { ClusterSession, KubeObject } from '../../../src/domain/cluster.ts';
import { DEPLOYMENT_ID_ANNOTATION, MANAGED_BY, MANAGED_BY_LABEL } from '../../../src/domain/cluster.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { refOf } from '../../../src/domain/object-ref.ts';

/** One place for one object, with the answers of the API server to a uid (test/e2e/deploy-foreign.test.ts asks a real one). */
let there: KubeObject | undefined;
let calls: string[];
/** Happens before the call of this number. */
let before: Map<number, () => void>;

beforeEach(() => {
  [there, calls, before] = [undefined, [], new Map()];
});

const ID = 'local.shop.web';
const { signal } = new AbortController();

function config(uid: string | undefined, owner = ID): KubeObject {
  const marks = { labels: { [MANAGED_BY_LABEL]: MANAGED_BY }, annotations: { [DEPLOYMENT_ID_ANNOTATION]: owner } };
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: 'web', namespace: 'shop', ...marks, ...(uid !== undefined && { uid }) },
  };
}

const session = {
  async get() {
    said('get');
    return there;
  },
  async applyNew(object: KubeObject) {
    said('applyNew');
    if (there) return undefined;
    there = { ...object, metadata: { ...object.metadata, uid: 'new' } };
    return there;
  },
  async apply(object: KubeObject, { force }: { force?: boolean }) {
    const { uid } = object.metadata;
    said(`apply ${uid}${force ? ' by force' : ''}`);
    if (!there) throw new ChandleryError('cluster_unavailable', 'uid mismatch', { upstreamStatus: 409 });
    if (there.metadata.uid !== uid)
      throw new ChandleryError('object_invalid', 'immutable', { issues: [{ path: '/metadata/uid', message: 'not valid' }] });
    return there;
  },
} as unknown as ClusterSession;

function said(what: string): void {
  before.get(calls.length)?.();
  calls.push(what);
}

function applied(uid?: string, force = false): Promise<KubeObject> {
  const wanted = config(undefined);
  return applyOurs({ session, deploymentId: ID, force, signal }, refOf(wanted), wanted, uid);
}

describe('applyOurs', () => {
  it('is one request for the object that is on record', async () => {
    there = config('a');
    await applied('a');
    expect(calls).toEqual(['apply a']);
  });

  it('looks first at one that is on no record', async () => {
    there = config('a');
    await applied(undefined, true);
    expect(calls).toEqual(['get', 'apply a by force']);
  });

  it.each([true, false])('leaves alone what somebody else made in its place, with force: %s', async (force) => {
    there = config('b', 'local.shop.other');
    await expect(applied('a', force)).toFailWith('not_owned');
    expect(calls).not.toContain(`apply b${force ? ' by force' : ''}`);
  });

  it('leaves alone what comes between its look and its request', async () => {
    there = config('a');
    before.set(1, () => {
      there = config('b', 'local.shop.other');
    });
    await expect(applied()).toFailWith('not_owned');
    expect(calls).toEqual(['get', 'apply a', 'get']);
  });

  it('applies to another one that is ours', async () => {
    there = config('b');
    await applied('a');
    expect(calls).toEqual(['apply a', 'get', 'apply b']);
  });

  it.each([['a'], [undefined]])('makes one that is gone, with %s on record', async (uid) => {
    expect((await applied(uid)).metadata.uid).toBe('new');
    expect(calls.at(-1)).toBe('applyNew');
  });

  it('does not make one over what comes meanwhile', async () => {
    before.set(1, () => {
      there = config('b', 'local.shop.other');
    });
    await expect(applied()).toFailWith('not_owned');
  });

  it('gives up on one that comes and goes', async () => {
    for (let call = 0; call < 20; call += 1)
      before.set(call, () => {
        there = there ? undefined : config('b');
      });
    await expect(applied()).toFailWith('cluster_unavailable');
    expect(calls.length).toBeLessThan(10);
  });

  it.each(['field_conflict', 'object_invalid', 'forbidden'] as const)('fails as the server does: %s', async (code) => {
    there = config('a');
    const apply = async () => {
      calls.push('apply');
      throw new ChandleryError(code, 'no', { upstreamStatus: code === 'field_conflict' ? 409 : 422 });
    };
    const refusing = { ...session, apply } as ClusterSession;
    const wanted = config(undefined);
    const ours = { session: refusing, deploymentId: ID, force: false, signal };
    await expect(applyOurs(ours, refOf(wanted), wanted, 'a')).toFailWith(code);
    expect(calls.filter((call) => call === 'apply')).toHaveLength(1);
  });
});
