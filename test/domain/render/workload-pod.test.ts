// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import { SIZES } from '../../../src/domain/render/sizes.ts';
import { containerOf, http, objectOf, podOf, renderWorkload } from './support.ts';

describe('the container', () => {
  it('has no more rights than it needs', () => {
    const pod = podOf({ security: { runAsUser: 101, runAsNonRoot: true, readOnlyRootFilesystem: true } });
    expect(pod.spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsUser: 101, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod.spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(containerOf({}).securityContext).toEqual({ allowPrivilegeEscalation: false });
  });

  it.each(Object.entries(SIZES))('of size %s gets its class', (size, { cpu, memory }) => {
    expect(containerOf({ size }).resources).toEqual({ requests: { cpu, memory }, limits: { memory } });
  });

  it('takes parameters in the type that the place has', () => {
    const properties = {
      port: { type: 'integer' },
      args: { type: 'array' },
      cpu: { type: 'number' },
      replicas: { type: 'string' },
    };
    const workload = {
      ports: [{ name: 'http', port: '${port}' }],
      args: ['--port', '${port}', '${args}'],
      resources: { requests: { cpu: '${cpu}' } },
      replicas: '${replicas}',
    };
    const result = renderWorkload(workload, { port: 9898, args: ['a', { b: 1 }], cpu: 2, replicas: '3' }, properties);
    const { spec } = objectOf(result, 'Deployment') as unknown as {
      spec: { replicas: number; template: { spec: { containers: object[] } } };
    };
    expect(spec.replicas).toBe(3);
    expect(spec.template.spec.containers[0]).toMatchObject({
      ports: [{ containerPort: 9898 }],
      args: ['--port', '9898', '["a",{"b":1}]'],
      resources: { requests: { cpu: '2' } },
    });
  });

  it('gets probes of every form', () => {
    const probes = {
      startup: { exec: { command: ['true'] }, periodSeconds: 2 },
      readiness: { http: { path: '/healthz', port: 'http', scheme: 'HTTPS' } },
      liveness: { tcp: { port: 8080 } },
    };
    expect(containerOf({ ports: [http], probes })).toMatchObject({
      startupProbe: { exec: { command: ['true'] }, periodSeconds: 2 },
      readinessProbe: { httpGet: { path: '/healthz', port: 'http', scheme: 'HTTPS' } },
      livenessProbe: { tcpSocket: { port: 8080 } },
    });
    expect(containerOf({ probes: { liveness: { grpc: { port: 1 } } } }).livenessProbe).toEqual({ grpc: { port: 1 } });
  });
});

describe('volumes', () => {
  it('become what they say', () => {
    const volumes = [
      { name: 'data', path: '/data', persistent: { size: '1Gi', storageClass: 'fast', accessMode: 'ReadWriteMany' } },
      { name: 'tmp', path: '/tmp', empty: { sizeLimit: '64Mi', medium: 'Memory' } },
      { name: 'disk', path: '/disk', empty: { medium: 'Disk' } },
      { name: 'certs', path: '/certs', secret: { name: 'certs', items: { 'tls.crt': 'cert.pem' } } },
      { name: 'conf', path: '/conf', subPath: 'a', readOnly: true, config: { name: 'conf' } },
      { name: 'page', path: '/page', files: { 'index.html': '<b>', 'sub/dir.conf': 'x' } },
    ];
    const result = renderWorkload({ volumes });
    expect(objectOf(result, 'PersistentVolumeClaim', 'notes-data').spec).toEqual({
      accessModes: ['ReadWriteMany'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'fast',
    });
    const data = objectOf(result, 'ConfigMap', 'notes-page').data as Record<string, string>;
    expect(Object.entries(data)).toEqual([
      ['index.html', '<b>'],
      [expect.stringMatching(/^sub_dir\.conf-[0-9a-f]{8}$/), 'x'],
    ]);
    expect(podOf({ volumes }).spec.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'notes-data' } },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi', medium: 'Memory' } },
      { name: 'disk', emptyDir: {} },
      { name: 'certs', secret: { secretName: 'certs', items: [{ key: 'tls.crt', path: 'cert.pem' }] } },
      { name: 'conf', configMap: { name: 'conf' } },
      {
        name: 'page',
        configMap: { name: 'notes-page', items: expect.arrayContaining([{ key: 'index.html', path: 'index.html' }]) },
      },
    ]);
  });

  it('replace the pods when a file changes, and only then', () => {
    const mark = (page: string) =>
      podOf({ volumes: [{ name: 'page', path: '/p', files: { a: '${page}' } }] }, { page }, { page: { type: 'string' } }).metadata
        .annotations;
    expect(mark('x')).toEqual(mark('x'));
    expect(mark('x')).not.toEqual(mark('y'));
  });
});

describe('placement', () => {
  it('is selected, spread, tolerated and preferred', () => {
    const placement = {
      nodeSelector: { disk: 'ssd' },
      zones: ['a', 'b'],
      spread: 'zone',
      tolerations: [{ key: 'x', operator: 'Exists' }],
      spot: true,
    };
    const { spec } = podOf({ placement });
    expect(spec).toMatchObject({
      nodeSelector: { disk: 'ssd' },
      tolerations: [
        { key: 'x' },
        { key: 'chandlery.dev/spot' },
        { key: 'cloud.google.com/gke-spot' },
        { key: 'kubernetes.azure.com/scalesetpriority' },
      ],
      topologySpreadConstraints: [{ topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' }],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ values: ['a', 'b'] }] }] },
        },
      },
    });
    expect(podOf({ placement: { spread: 'none', spot: false } }).spec).not.toHaveProperty('affinity');
  });
});

describe('observability', () => {
  it('is said on the pods, and what is not set up yet in a warning', () => {
    const observability = {
      metrics: { port: 'http', intervalSeconds: 30 },
      logFormat: 'json',
      alerts: [{ name: 'Down', expr: 'up == 0' }],
    };
    const workload = { ports: [http], observability };
    expect(podOf(workload).metadata.annotations).toEqual({
      'chandlery.dev/log-format': 'json',
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '8080',
      'prometheus.io/path': '/metrics',
    });
    expect(renderWorkload(workload).warnings).toHaveLength(2);
  });
});
