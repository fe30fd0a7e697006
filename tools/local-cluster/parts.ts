/** Command lines of the parts of a local cluster. Everything listens on 127.0.0.1 or on a socket in the cluster's own folder. */
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/config.ts';
import type { ClusterPart, LocalClusterState } from '../../src/embedded/local-cluster.ts';
import type { PartCommand } from '../../src/embedded/part-process.ts';
import { certificateFiles, ensureServiceAccountKey } from './keys.ts';
import { tokenFile } from './users.ts';

/** Our files beside the code: policies, objects, and how simulated nodes behave. */
const SOURCES = join(PACKAGE_ROOT, 'tools', 'local-cluster');
export const OBJECTS_FILE = join(SOURCES, 'objects.yaml');

/**
 * A socket instead of a port: etcd asks nobody for a password, and whoever reaches it is master of the cluster. The parts run in
 * the cluster's folder, so the path is short whatever the folder is (a socket's path is limited to some 100 characters).
 */
const ETCD_CLIENTS = 'unix://etcd.sock:1';
const ETCD_PEERS = 'unix://etcd-peers.sock:1';
/** With their defaults, 20 and 30 per second, the time until something is Ready is theirs. */
const UNLIMITED = ['--kube-api-qps=1000', '--kube-api-burst=2000'] as const;
/** Simulated nodes have no kubelet whose silence would mean something; and a machine that slept must not lose its pods. */
const CONTROLLERS = '*,-node-lifecycle-controller,-taint-eviction-controller,-device-taint-eviction-controller';
const STAGES = ['node', 'pod', 'pod-trouble', 'volume'] as const;
/** Two of these are kept. */
const AUDIT_LOG_MEGABYTES = 64;

/** Who did what to the cluster, one JSON object a line (audit-policy.yaml). */
export function auditLogFile(directory: string): string {
  return join(directory, 'logs', 'audit.log');
}

/** What the containers of every simulated pod have printed. */
export function podLogFile(directory: string): string {
  return join(directory, 'pod-logs.txt');
}

/** Where kwok reads what pods have printed. */
export function kwokConfigFile(directory: string): string {
  return join(directory, 'kwok-logs.yaml');
}

/** The kubeconfig of one of the cluster's own parts. */
export function partKubeconfig(directory: string, part: ClusterPart): string {
  return join(directory, `part-${part}.kubeconfig`);
}

function etcd(_directory: string, { fsync }: LocalClusterState): string[] {
  return [
    ...['--name=local', '--data-dir=etcd', '--log-level=warn', '--logger=zap'],
    ...[`--listen-client-urls=${ETCD_CLIENTS}`, `--advertise-client-urls=${ETCD_CLIENTS}`],
    ...[`--listen-peer-urls=${ETCD_PEERS}`, `--initial-advertise-peer-urls=${ETCD_PEERS}`],
    `--initial-cluster=local=${ETCD_PEERS}`,
    // Histories of watches that nobody follows any more.
    ...['--auto-compaction-mode=periodic', '--auto-compaction-retention=1h'],
    ...(fsync ? [] : ['--unsafe-no-fsync']),
  ];
}

function apiserver(directory: string, { ports }: LocalClusterState): string[] {
  const { privateKey, publicKey } = ensureServiceAccountKey(directory);
  return [
    'kube-apiserver',
    `--etcd-servers=${ETCD_CLIENTS}`,
    ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--secure-port=${ports.apiserver}`],
    `--cert-dir=${certificateFiles(directory).folder}`,
    ...[`--token-auth-file=${tokenFile(directory)}`, '--anonymous-auth=false', '--authorization-mode=RBAC'],
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    ...[`--service-account-key-file=${publicKey}`, `--service-account-signing-key-file=${privateKey}`],
    '--service-cluster-ip-range=10.96.0.0/16',
    // It would publish a loopback address, which Kubernetes refuses.
    '--endpoint-reconciler-type=none',
    // It taints new nodes as not ready, and the controller that would take the taint away is off.
    '--disable-admission-plugins=TaintNodesByCondition',
    '--allow-privileged=true',
    '--kubelet-preferred-address-types=InternalIP',
    ...[`--audit-policy-file=${join(SOURCES, 'audit-policy.yaml')}`, `--audit-log-path=${auditLogFile(directory)}`],
    ...[`--audit-log-maxsize=${AUDIT_LOG_MEGABYTES}`, '--audit-log-maxbackup=1'],
    // Else it waits, when told to end, until its watchers go by themselves: for a minute.
    '--shutdown-watch-termination-grace-period=1s',
    '--profiling=false',
  ];
}

function controllerManager(directory: string): string[] {
  return [
    'kube-controller-manager',
    `--kubeconfig=${partKubeconfig(directory, 'kube-controller-manager')}`,
    ...['--leader-elect=false', '--secure-port=0', `--controllers=${CONTROLLERS}`],
    `--service-account-private-key-file=${ensureServiceAccountKey(directory).privateKey}`,
    `--root-ca-file=${certificateFiles(directory).certificate}`,
    ...UNLIMITED,
  ];
}

function scheduler(directory: string): string[] {
  const kubeconfig = `--kubeconfig=${partKubeconfig(directory, 'kube-scheduler')}`;
  return ['kube-scheduler', kubeconfig, '--leader-elect=false', '--secure-port=0', ...UNLIMITED];
}

function kwok(directory: string, { ports }: LocalClusterState): string[] {
  const { certificate, key } = certificateFiles(directory);
  return [
    `--kubeconfig=${partKubeconfig(directory, 'kwok')}`,
    ...['--manage-all-nodes', '--node-ip=127.0.0.1', `--node-port=${ports.kubelet}`, '--cidr=10.244.0.0/16'],
    // No leases: after a restart kwok would wait until those of its last life end, and nobody looks at them.
    '--node-lease-duration-seconds=0',
    ...[`--server-address=127.0.0.1:${ports.kubelet}`, `--tls-cert-file=${certificate}`, `--tls-private-key-file=${key}`],
    ...STAGES.map((stage) => `--config=${join(SOURCES, 'stages', `${stage}.yaml`)}`),
    `--config=${kwokConfigFile(directory)}`,
    // Else a line for each pod it touches.
    '--v=WARN',
  ];
}

const ARGUMENTS: Record<ClusterPart, (directory: string, state: LocalClusterState) => string[]> = {
  etcd,
  'kube-apiserver': apiserver,
  'kube-controller-manager': controllerManager,
  'kube-scheduler': scheduler,
  kwok,
};

/** How to start one part of a cluster. */
export function partCommand(part: ClusterPart, directory: string, state: LocalClusterState): PartCommand {
  const { programs } = state;
  const command = part === 'etcd' || part === 'kwok' ? programs[part] : programs.kubernetes;
  return { command, args: ARGUMENTS[part](directory, state) };
}
