/** WorkloadSpec with its parameters put in: the types of workload-schema.ts without `${name}`. */

export interface KeyRef {
  name: string;
  key: string;
  optional?: boolean;
}

export interface EnvEntry {
  name: string;
  value?: string;
  secretRef?: KeyRef;
  configRef?: KeyRef;
  parameter?: string;
}

export interface PortEntry {
  name: string;
  port: number;
  servicePort?: number;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
  expose?: boolean;
}

export interface ProbeEntry {
  http?: { path: string; port: number | string; scheme?: string };
  tcp?: { port: number | string };
  exec?: { command: string[] };
  grpc?: { port: number; service?: string };
  [timing: string]: unknown;
}

export interface PersistentVolume {
  size: string;
  storageClass?: string;
  accessMode?: string;
  perReplica?: boolean;
}

export interface VolumeEntry {
  name: string;
  path: string;
  subPath?: string;
  readOnly?: boolean;
  persistent?: PersistentVolume;
  empty?: { sizeLimit?: string; medium?: 'Disk' | 'Memory' };
  secret?: { name?: string; parameter?: string; items?: Record<string, string> };
  config?: { name: string; items?: Record<string, string> };
  files?: Record<string, string>;
}

export interface Placement {
  nodeSelector?: Record<string, string>;
  zones?: string[];
  spread?: 'zone' | 'node' | 'none';
  tolerations?: Array<Record<string, unknown>>;
  spot?: boolean;
}

export interface DomainEntry {
  host: string;
  path?: string;
  port?: number | string;
  tls?: boolean | { secretName?: string; issuer?: string };
  className?: string;
}

export interface Scaling {
  min?: number;
  max: number;
  cpu?: number;
  memory?: number;
}

export interface Schedule {
  cron: string;
  timeZone?: string;
  concurrency?: string;
  suspend?: boolean;
  startingDeadlineSeconds?: number;
  keepSucceeded?: number;
  keepFailed?: number;
}

export interface Resources {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}

export interface WorkloadSpec {
  image: string;
  command?: string[];
  args?: string[];
  env?: EnvEntry[];
  ports?: PortEntry[];
  replicas?: number;
  size?: 'S' | 'M' | 'L' | 'XL';
  resources?: Resources;
  probes?: { readiness?: ProbeEntry; liveness?: ProbeEntry; startup?: ProbeEntry };
  volumes?: VolumeEntry[];
  security?: {
    runAsUser?: number;
    runAsGroup?: number;
    fsGroup?: number;
    runAsNonRoot?: boolean;
    readOnlyRootFilesystem?: boolean;
  };
  placement?: Placement;
  domains?: DomainEntry[];
  scaling?: Scaling;
  observability?: {
    metrics?: { port: number | string; path?: string; intervalSeconds?: number };
    logFormat?: string;
    alerts?: unknown[];
  };
  owner?: string;
  schedule?: string | Schedule;
  runOnce?: boolean;
  retries?: number;
  deadlineSeconds?: number;
}
