// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import { http, objectOf, renderWorkload } from './support.ts';

describe('domains', () => {
  const ingress = (domains: object[]) =>
    renderWorkload({ ports: [http, { name: 'admin', port: 9000 }], domains })
      .objects.filter(({ ref }) => ref.kind === 'Ingress')
      .map(({ object }) => object);

  it('become one Ingress of several hosts and paths', () => {
    const [only, second] = ingress([
      { host: 'a.example.org', tls: true },
      { host: 'a.example.org', path: '/admin', port: 'admin' },
      { host: 'b.example.org', port: 80, tls: { secretName: 'own' } },
    ]);
    expect(second).toBeUndefined();
    expect(only?.metadata.annotations).toMatchObject({ 'kubernetes.io/tls-acme': 'true' });
    expect(only?.spec).toEqual({
      tls: [
        { hosts: ['a.example.org'], secretName: expect.stringMatching(/^notes-a-example-org-tls-[0-9a-f]{8}$/) },
        { hosts: ['b.example.org'], secretName: 'own' },
      ],
      rules: [
        {
          host: 'a.example.org',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 'notes', port: { name: 'http' } } } },
              { path: '/admin', pathType: 'Prefix', backend: { service: { name: 'notes', port: { name: 'admin' } } } },
            ],
          },
        },
        {
          host: 'b.example.org',
          http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'notes', port: { name: 'http' } } } }] },
        },
      ],
    });
  });

  it('are apart for another class or issuer', () => {
    const found = ingress([
      { host: 'a.org', className: 'nginx' },
      { host: 'b.org', tls: { issuer: 'letsencrypt' } },
    ]);
    expect(found.map(({ metadata }) => metadata.name)).toEqual(['notes', expect.stringMatching(/^notes-[0-9a-f]{8}$/)]);
    expect(found[0]?.spec).toMatchObject({ ingressClassName: 'nginx' });
    expect(found[1]?.metadata.annotations).toMatchObject({ 'cert-manager.io/cluster-issuer': 'letsencrypt' });
  });
});

describe('scaling', () => {
  const properties = { replicas: { type: 'integer', default: 2 }, max: { type: 'integer' } };
  const workload = { replicas: '${replicas}', size: 'S', scaling: { min: '${replicas}', max: '${max}', cpu: 70, when: 'max' } };

  it('leaves the number of replicas to the scaler', () => {
    const result = renderWorkload(workload, { max: 5, replicas: 0 }, properties);
    expect(objectOf(result, 'Deployment').spec).not.toHaveProperty('replicas');
    expect(objectOf(result, 'HorizontalPodAutoscaler').spec).toMatchObject({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'notes' },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 70 } } }],
    });
    expect(result.warnings).toEqual([]);
  });

  it('is off while its condition does not hold', () => {
    expect(objectOf(renderWorkload(workload, {}, properties), 'Deployment').spec).toMatchObject({ replicas: 2 });
  });

  it('warns when there is nothing to measure against', () => {
    expect(renderWorkload({ scaling: { max: 3, memory: 80 } }).warnings).toEqual([
      'scaling by memory needs a request for it: set size or resources',
    ]);
  });
});
