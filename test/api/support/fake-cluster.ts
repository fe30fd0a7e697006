import { randomUUID } from 'node:crypto';
import type { Cluster, ClusterSession, KubeObject, ObjectRef } from '../../../src/domain/cluster.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { objectKey, refOf } from '../../../src/domain/object-ref.ts';
import type { Identity } from '../../../src/domain/store.ts';

/** Objects in memory instead of a cluster, for what the API reads and for the Secrets it writes. */
export class FakeCluster implements Cluster {
  readonly objects = new Map<string, KubeObject>();
  /** `user verb Kind namespace/name` of everything that was done. */
  readonly calls: string[] = [];
  /** Names of Secrets that were made, also of those that are gone again. */
  readonly madeSecrets: string[] = [];
  /** Thrown for a verb on a kind (`create Secret`), once it is set. */
  readonly failures = new Map<string, Error>();

  add(object: KubeObject): KubeObject {
    const stored = { ...object, metadata: { uid: randomUUID(), ...object.metadata } };
    this.objects.set(objectKey(refOf(stored)), stored);
    return stored;
  }

  as(identity: Identity): ClusterSession {
    const did = (verb: string, ref: { kind: string; namespace?: string; name?: string }) => {
      this.calls.push(`${identity.user} ${verb} ${ref.kind} ${ref.namespace ?? ''}/${ref.name ?? ''}`);
      const failure = this.failures.get(`${verb} ${ref.kind}`);
      if (failure) throw failure;
    };
    const notHere = async (): Promise<never> => {
      throw new Error('the API does not do this');
    };
    return {
      identity,
      get: async (ref) => {
        did('get', ref);
        return this.objects.get(objectKey(ref));
      },
      list: async ({ apiVersion, kind, namespace, labelSelector }, { limit = 500 } = {}) => {
        did('list', { kind, ...(namespace !== undefined && { namespace }) });
        const [label = '', value = ''] = (labelSelector ?? '').split('=');
        const items = [...this.objects.values()].filter(
          (object) =>
            object.apiVersion === apiVersion &&
            object.kind === kind &&
            (namespace === undefined || object.metadata.namespace === namespace) &&
            (label === '' || object.metadata.labels?.[label] === value),
        );
        return { items: items.slice(0, limit), resourceVersion: '1', truncated: items.length > limit };
      },
      createIfAbsent: async (object) => {
        const ref = refOf(object);
        did('create', ref);
        const there = this.objects.get(objectKey(ref));
        if (object.kind === 'Secret') this.madeSecrets.push(object.metadata.name);
        return there ? { object: there, created: false } : { object: this.add(object), created: true };
      },
      delete: async (ref: ObjectRef, { uid }) => {
        did('delete', ref);
        if (this.objects.get(objectKey(ref))?.metadata.uid !== uid) return 'absent';
        this.objects.delete(objectKey(ref));
        return 'deleted';
      },
      resourceType: notHere,
      apply: notHere,
      tryApply: notHere,
      mergePatch: notHere,
      applyNew: notHere,
      watch: () => {
        throw new Error('the API does not do this');
      },
      mayI: notHere,
      whoAmI: async () => identity,
      logs: notHere,
    } as ClusterSession;
  }

  version = async (): Promise<string> => 'v1.36.3';
  /** By token. */
  readonly tokens = new Map<string, Identity>();
  reviewToken = async (token: string): Promise<Identity | undefined> => this.tokens.get(token);
  close = async (): Promise<void> => undefined;
}

export function forbidden(what: string): ChandleryError {
  return new ChandleryError('forbidden', `dev may not ${what}`, { missing: [{ verb: 'get', group: '', resource: what }] });
}
