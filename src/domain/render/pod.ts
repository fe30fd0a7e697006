import { envOf } from './env.ts';
import { placementOf } from './placement.ts';
import { portNamed } from './ports.ts';
import { resourcesOf } from './sizes.ts';
import type { Volumes } from './volumes.ts';
import { defined, nameOf, podMarks, type WorkloadContext } from './workload-context.ts';
import type { ProbeEntry } from './workload-spec.ts';

/** Changes with the files of the workload, so that pods are replaced when one does. */
const CONFIG_CHECKSUM = 'chandlery.dev/config';
const LOG_FORMAT = 'chandlery.dev/log-format';

function probeOf(context: WorkloadContext, probe: ProbeEntry | undefined, place: string): Record<string, unknown> | undefined {
  if (probe === undefined) return undefined;
  const { http, tcp, exec, grpc, ...timing } = probe;
  const port = (wanted: string | number, member: string): string | number =>
    typeof wanted === 'string'
      ? portNamed(context.spec.ports ?? [], wanted, `${place}/${member}/port`, context.fault).name
      : wanted;
  return defined({
    httpGet: http && defined({ path: http.path, port: port(http.port, 'http'), scheme: http.scheme }),
    tcpSocket: tcp && { port: port(tcp.port, 'tcp') },
    exec: exec && { command: exec.command },
    grpc: grpc && defined({ port: grpc.port, service: grpc.service }),
    ...timing,
  });
}

function containerOf(context: WorkloadContext, image: string, mounts: object[]): Record<string, unknown> {
  const { spec, template } = context;
  const { security = {}, probes = {} } = spec;
  const ports = (spec.ports ?? []).map(({ name, port, protocol = 'TCP' }) => ({ name, containerPort: port, protocol }));
  return defined({
    name: template.name,
    image,
    command: spec.command,
    args: spec.args,
    env: envOf(context),
    ports: ports.length === 0 ? undefined : ports,
    resources: resourcesOf(spec),
    startupProbe: probeOf(context, probes.startup, '/probes/startup'),
    readinessProbe: probeOf(context, probes.readiness, '/probes/readiness'),
    livenessProbe: probeOf(context, probes.liveness, '/probes/liveness'),
    volumeMounts: mounts.length === 0 ? undefined : mounts,
    securityContext: defined({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: security.readOnlyRootFilesystem,
      // An image that starts as root may need some of them, to become another user for one.
      capabilities: security.runAsNonRoot ? { drop: ['ALL'] } : undefined,
    }),
  });
}

function podSecurity({ spec }: WorkloadContext): Record<string, unknown> {
  const { runAsUser, runAsGroup, fsGroup, runAsNonRoot } = spec.security ?? {};
  return defined({
    runAsUser,
    runAsGroup,
    runAsNonRoot,
    fsGroup,
    // Setting the owner of every file of a large volume at each start takes minutes.
    fsGroupChangePolicy: fsGroup === undefined ? undefined : 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  });
}

function observed(context: WorkloadContext): Record<string, string> {
  const { metrics, logFormat, alerts = [] } = context.spec.observability ?? {};
  if (alerts.length > 0) context.warnings.push(`the ${alerts.length} alerts of the template are not set up yet`);
  const marks: Record<string, string> = logFormat === undefined ? {} : { [LOG_FORMAT]: logFormat };
  if (metrics === undefined) return marks;
  if (metrics.intervalSeconds !== undefined)
    context.warnings.push('the interval of the metrics is not set up yet; the collector has its own');
  const port =
    typeof metrics.port === 'number'
      ? metrics.port
      : portNamed(context.spec.ports ?? [], metrics.port, '/observability/metrics/port', context.fault).port;
  return {
    ...marks,
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': String(port),
    'prometheus.io/path': metrics.path ?? '/metrics',
  };
}

/** The template of the workload's pods. */
export function podTemplate(
  context: WorkloadContext,
  image: string,
  { volumes, mounts, checksum }: Volumes,
  restartPolicy?: 'Never',
): object {
  const marks = podMarks(context);
  const annotations = {
    ...marks.annotations,
    ...observed(context),
    ...(checksum === undefined ? {} : { [CONFIG_CHECKSUM]: checksum }),
  };
  return {
    metadata: defined({ labels: marks.labels, annotations: Object.keys(annotations).length === 0 ? undefined : annotations }),
    spec: defined({
      serviceAccountName: nameOf(context),
      automountServiceAccountToken: false,
      // The variables of Docker's links (REDIS_PORT=tcp://...) would come from every Service of the namespace, and clash with the image's own.
      enableServiceLinks: false,
      restartPolicy,
      securityContext: podSecurity(context),
      containers: [containerOf(context, image, mounts)],
      volumes: volumes.length === 0 ? undefined : volumes,
      ...placementOf(context),
    }),
  };
}
