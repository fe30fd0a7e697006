import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/domain/cluster.ts';
import { capacityOf, quotaUseOf } from '../../../src/domain/plan/capacity.ts';
import { object } from './support/plans.ts';

const asks = (cpu?: string, memory?: string) => ({ requests: { ...(cpu && { cpu }), ...(memory && { memory }) } });
const container = (name: string, resources: unknown, rest: Record<string, unknown> = {}) => ({ name, resources, ...rest });
const template = (podSpec: Record<string, unknown>) => ({ template: { spec: podSpec } });

function deployment(podSpec: Record<string, unknown>, spec: Record<string, unknown> = {}): KubeObject {
  return object('apps/v1', 'Deployment', 'web', { spec: { ...spec, ...template(podSpec) } });
}

const small = { containers: [container('web', asks('250m', '128Mi'))] };

describe('capacityOf', () => {
  it('is nothing for objects without pods', () => {
    expect(capacityOf([object('v1', 'ConfigMap', 'c')])).toEqual({ cpu: '0', memory: '0', pods: 0 });
  });

  it('adds up what all replicas ask for', () => {
    const objects = [deployment(small, { replicas: 3 }), object('v1', 'Pod', 'one', { spec: small })];
    expect(capacityOf(objects)).toEqual({ cpu: '1', memory: '512Mi', pods: 4 });
  });

  it('counts one replica where none is said', () => expect(capacityOf([deployment(small)]).pods).toBe(1));

  it('counts many pods', () => expect(capacityOf([deployment({}, { replicas: 2_000 })]).pods).toBe(2_000));

  it('adds up the containers of a pod', () => {
    const containers = [container('web', asks('250m')), container('proxy', asks('0.1'))];
    expect(capacityOf([deployment({ containers })]).cpu).toBe('350m');
  });

  it('counts init containers one at a time, beside the sidecars before them', () => {
    const containers = [container('web', asks('100m'))];
    const sidecar = container('side', asks('50m'), { restartPolicy: 'Always' });
    const big = container('init', asks('1'));
    const cpu = (...initContainers: unknown[]) => capacityOf([deployment({ containers, initContainers })]).cpu;
    expect(cpu(container('init', asks('70m')), container('init2', asks('60m')))).toBe('100m');
    expect(cpu(big)).toBe('1');
    expect(cpu(sidecar)).toBe('150m');
    expect(cpu(sidecar, big)).toBe('1050m');
    expect(cpu(big, sidecar)).toBe('1');
  });

  it('takes the limit where no request is said', () => {
    expect(capacityOf([deployment({ containers: [container('web', { limits: { cpu: '2' } })] })]).cpu).toBe('2');
  });

  it('counts what the pod as a whole asks for, and its overhead', () => {
    const podSpec = { ...small, resources: asks('2'), overhead: { cpu: '100m', memory: '10Mi' } };
    expect(capacityOf([deployment(podSpec)])).toEqual({ cpu: '2100m', memory: '138Mi', pods: 1 });
  });

  it.each([
    [{ parallelism: 2, completions: 6 }, 2],
    [{ parallelism: 9, completions: 3 }, 3],
    [{}, 1],
    [{ suspend: true }, 0],
  ])('counts the pods a Job %j runs at once', (spec, pods) => {
    expect(capacityOf([object('batch/v1', 'Job', 'j', { spec: { ...spec, ...template(small) } })]).pods).toBe(pods);
    const jobTemplate = { spec: { ...spec, ...template(small) } };
    expect(capacityOf([object('batch/v1', 'CronJob', 'j', { spec: { jobTemplate } })]).pods).toBe(pods);
  });

  it('leaves a suspended CronJob out', () => {
    const spec = { suspend: true, jobTemplate: { spec: template(small) } };
    expect(capacityOf([object('batch/v1', 'CronJob', 'j', { spec })]).pods).toBe(0);
  });

  it('counts at least what an autoscaler keeps', () => {
    const scaler = object('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
      spec: { minReplicas: 4, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
    });
    expect(capacityOf([deployment(small), scaler]).pods).toBe(4);
    expect(capacityOf([deployment(small, { replicas: 9 }), scaler]).pods).toBe(9);
    expect(capacityOf([deployment(small, { replicas: 0 }), scaler]).pods).toBe(0);
  });

  it('counts a DaemonSet once, as the nodes are not known', () => {
    expect(capacityOf([object('apps/v1', 'DaemonSet', 'd', { spec: template(small) })]).pods).toBe(1);
  });

  it('fails with object_invalid for a quantity that is none', async () => {
    await expect(() => capacityOf([deployment({ containers: [container('web', asks('lots'))] })])).toFailWith('object_invalid');
  });
});

describe('quotaUseOf', () => {
  it('uses the names that quotas use', () => {
    const podSpec = { containers: [container('web', { ...asks('250m', '1Gi'), limits: { cpu: '1', memory: '1Gi' } })] };
    expect(quotaUseOf([deployment(podSpec, { replicas: 2 })])).toEqual({
      'count/deployments.apps': '1',
      'count/pods': '2',
      cpu: '500m',
      'limits.cpu': '2',
      'limits.memory': '2Gi',
      memory: '2Gi',
      pods: '2',
      'requests.cpu': '500m',
      'requests.memory': '2Gi',
    });
  });

  it('counts services and the ports they take on the nodes', () => {
    const ports = [{ port: 80 }, { port: 443 }];
    const service = (spec: Record<string, unknown>) => quotaUseOf([object('v1', 'Service', 's', { spec: { ports, ...spec } })]);
    expect(service({})).toEqual({ 'count/services': '1', services: '1' });
    expect(service({ type: 'NodePort' })['services.nodeports']).toBe('2');
    expect(service({ type: 'LoadBalancer' })).toMatchObject({ 'services.loadbalancers': '1', 'services.nodeports': '2' });
    expect(service({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false })).not.toHaveProperty('services.nodeports');
  });

  it('counts storage, by class too', () => {
    const spec = { storageClassName: 'fast', resources: { requests: { storage: '5Gi' } } };
    expect(quotaUseOf([object('v1', 'PersistentVolumeClaim', 'c', { spec })])).toEqual({
      'count/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/requests.storage': '5Gi',
      persistentvolumeclaims: '1',
      'requests.storage': '5Gi',
    });
  });

  it('counts the claims that a StatefulSet makes', () => {
    const claim = { metadata: { name: 'data' }, spec: { resources: { requests: { storage: '5Gi' } } } };
    const set = object('apps/v1', 'StatefulSet', 'db', { spec: { replicas: 3, volumeClaimTemplates: [claim], ...template({}) } });
    expect(quotaUseOf([set])).toMatchObject({ 'requests.storage': '15Gi', persistentvolumeclaims: '3' });
  });

  it('fails with object_invalid for a size that is none', async () => {
    const spec = { resources: { requests: { storage: 'big' } } };
    await expect(() => quotaUseOf([object('v1', 'PersistentVolumeClaim', 'c', { spec })])).toFailWith('object_invalid');
  });
});
