import { describe, expect, it } from '@jest/globals';
import { inWaves } from '../../../activities/cluster/waves.ts';
import type { KubeObject } from '../../../src/domain/cluster.ts';
import { refOf } from '../../../src/domain/object-ref.ts';
import { waveOf } from '../../../src/domain/render/waves.ts';
import type { RenderedObject } from '../../../src/domain/rendered.ts';

const API: Record<string, string> = { Deployment: 'apps/v1', Ingress: 'networking.k8s.io/v1' };

/** In the order of their waves, as they are rendered. */
function rendered(...names: string[]): RenderedObject[] {
  const items = names.map((text) => {
    const [kind = '', name = kind.toLowerCase()] = text.split(' ');
    const object: KubeObject = { apiVersion: API[kind] ?? 'v1', kind, metadata: { name } };
    return { ref: refOf(object), wave: waveOf(kind, object.apiVersion.split('/').at(-2) ?? ''), object };
  });
  return items.sort((a, b) => a.wave - b.wave);
}

/** Begins and ends of objects and waves in the order they happened; a named one fails, or takes until the others are done. */
async function run(items: RenderedObject[], { failing = '', slow = '', there = '' } = {}) {
  const happened: string[] = [];
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
  };
  const apply = async ({ kind }: KubeObject) => {
    happened.push(`+${kind}`);
    await turns(kind === slow ? 200 : 10);
    if (kind === failing) throw new Error(`${kind} failed`);
    happened.push(`-${kind}`);
  };
  const ended = async (objects: KubeObject[]) => {
    happened.push(`end ${objects.map(({ kind }) => kind).join(' ')}`);
  };
  const hooks = { begun: () => happened.push('begun'), ended, isThere: ({ ref }: RenderedObject) => ref.kind === there };
  const outcome = await inWaves(items, apply, hooks).catch(({ message }) => message);
  return { happened, outcome };
}

describe('inWaves', () => {
  it('begins nothing before all of the earlier wave is there, and the objects of a wave at once', async () => {
    const { happened } = await run(rendered('Namespace', 'ConfigMap', 'Secret', 'Deployment', 'Ingress'));
    expect(happened).toEqual([
      ...['+Namespace', 'begun', '-Namespace', 'end Namespace'],
      ...['+ConfigMap', '+Secret', 'begun', '-ConfigMap', '-Secret', 'end ConfigMap Secret'],
      ...['+Deployment', 'begun', '-Deployment', 'end Deployment'],
      ...['+Ingress', 'begun', '-Ingress', 'end Ingress'],
    ]);
  });

  describe('with a Service', () => {
    it('begins it as soon as the namespaces are there, and ends no later wave without it', async () => {
      const items = rendered('Namespace', 'ConfigMap', 'Service', 'Deployment', 'Ingress');
      const { happened } = await run(items, { slow: 'Service' });
      const at = (what: string) => happened.indexOf(what);
      expect(at('+Service')).toBeGreaterThan(at('end Namespace'));
      expect(at('+Service')).toBeLessThan(at('-ConfigMap'));
      expect(at('+Deployment')).toBeLessThan(at('-Service'));
      expect(at('+Ingress')).toBeGreaterThan(at('-Service'));
      expect(happened.filter((what) => what === '+Service')).toHaveLength(1);
    });

    it('begins it with its own wave where there is no earlier one', async () => {
      const { happened, outcome } = await run(rendered('Service', 'Deployment'));
      expect(outcome).toBeUndefined();
      expect(happened.slice(0, 3)).toEqual(['+Deployment', '+Service', 'begun']);
    });

    it('changes one that is there with the workloads', async () => {
      const { happened } = await run(rendered('ConfigMap', 'Service', 'Deployment'), { there: 'Service' });
      expect(happened.indexOf('+Service')).toBeGreaterThan(happened.indexOf('end ConfigMap'));
      expect(happened.at(-1)).toBe('end Service Deployment');
    });

    it('waits for it when another object fails, and begins no more', async () => {
      const { happened, outcome } = await run(rendered('ConfigMap', 'Service', 'Deployment'), {
        slow: 'Service',
        failing: 'ConfigMap',
      });
      expect(outcome).toBe('ConfigMap failed');
      expect(happened).toContain('-Service');
      expect(happened).not.toContain('+Deployment');
    });

    it('goes no further when it fails', async () => {
      const { happened, outcome } = await run(rendered('ConfigMap', 'Service', 'Deployment', 'Ingress'), { failing: 'Service' });
      expect(outcome).toBe('Service failed');
      expect(happened).not.toContain('+Ingress');
    });
  });

  it('fails with what the end of a wave fails with', async () => {
    const items = rendered('ConfigMap', 'Deployment');
    const applied: string[] = [];
    const apply = async ({ kind }: KubeObject) => void applied.push(kind);
    const ended = async () => {
      throw new Error('not established');
    };
    await expect(inWaves(items, apply, { begun: () => undefined, ended, isThere: () => false })).rejects.toThrow(
      'not established',
    );
    expect(applied).toEqual(['ConfigMap']);
  });
});
