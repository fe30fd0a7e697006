import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Environment, readList, readRegistries } from './config-files.ts';
import type { RoleBinding } from './domain/access.ts';
import { parseDuration } from './domain/duration.ts';
import { ChandleryError } from './domain/errors.ts';
import { marketplaceOf, withPackCatalog } from './domain/pack-catalog-config.ts';
import type { RegistriesConfig } from './domain/registries-config.ts';
import { parseRoleBindings } from './domain/role-bindings.ts';
import type { Identity } from './domain/store.ts';
import { parseValidatorPlugins, type ValidatorPluginConfig } from './domain/validator-plugins.ts';
import { parseScannerCommand, type ScannerCommandConfig } from './domain/vulnerabilities/scanner-command.ts';

/** The only reader of the environment. Every variable, its default and its meaning: docs/configuration.md (a test compares). */

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().positive();
/** Below this a check would still run when the next one begins; a registry is not asked more often than a person would, ms. */
const MIN_HEALTH_INTERVAL_MS = 10_000;
const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a time such as 90s, 15m, 24h or 7d' });
  return z.NEVER;
});
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

const CODEC_KEY_BYTES = 32;
const codecKey = z
  .string()
  .refine(
    (text) => Buffer.from(text, 'base64').length === CODEC_KEY_BYTES,
    `must be ${CODEC_KEY_BYTES} bytes in base64, as \`openssl rand -base64 32\` prints`,
  )
  .transform((text) => Buffer.from(text, 'base64'));

const schema = z.object({
  CHANDLERY_PORT: port.default(7420),
  CHANDLERY_HOST: z.string().min(1).default('127.0.0.1'),
  CHANDLERY_DATA_DIR: z.string().min(1).default(join(homedir(), '.chandlery')),
  CHANDLERY_CACHE_DIR: z
    .string()
    .min(1)
    .default(join(homedir(), '.cache', 'chandlery')),
  CHANDLERY_ENV: z.enum(['development', 'staging', 'production']).default('production'),
  CHANDLERY_REGISTRIES: z.string().min(1).optional(),
  CHANDLERY_TEMPLATES_DIR: z.string().min(1).optional(),
  CHANDLERY_REGISTRY_READ: z.enum(['token', 'open']).default('token'),
  CHANDLERY_OUTBOUND_ALLOW: list.default([]),
  CHANDLERY_CACHE_SEARCH: duration.prefault('15m'),
  CHANDLERY_CACHE_TEMPLATE: duration.prefault('1h'),
  CHANDLERY_CACHE_CATALOG: duration.prefault('24h'),
  CHANDLERY_CACHE_VALIDATION: duration.prefault('7d'),
  CHANDLERY_HEALTH_INTERVAL: duration
    .refine((ms) => ms === 0 || ms >= MIN_HEALTH_INTERVAL_MS, 'must be 10s or more, or 0 for never')
    .prefault('5m'),
  CHANDLERY_METRICS_OPEN: z.enum(['true', 'false']).default('false'),
  CHANDLERY_WORKER_METRICS_PORT: port.optional(),
  CHANDLERY_MARKETPLACE_URL: z.string().max(2048).optional(),
  CHANDLERY_MARKETPLACE_DISABLE: z.string().optional(),
  HELMDECK_MARKETPLACE_URL: z.string().max(2048).optional(),
  HELMDECK_MARKETPLACE_DISABLE: z.string().optional(),
  CHANDLERY_ADMIN_TOKEN_FILE: z.string().min(1).optional(),
  CHANDLERY_ADMIN_USER: z.string().min(1).max(253).default('chandlery-admin'),
  CHANDLERY_ADMIN_GROUPS: list.default(['chandlery:admins']),
  CHANDLERY_ROLE_BINDINGS: z.string().min(1).optional(),
  CHANDLERY_POLICIES: z.string().min(1).optional(),
  CHANDLERY_SCANNER: z.string().min(1).max(4096).optional(),
  CHANDLERY_VALIDATORS: z.string().min(1).optional(),
  CHANDLERY_SIGNING_KEYS: z.string().min(1).optional(),
  CHANDLERY_TRUSTED_ROOT: z.string().min(1).optional(),
  CHANDLERY_TOKEN_REVIEW: z.enum(['on', 'off']).default('off'),
  CHANDLERY_TOKEN_AUDIENCES: list.default([]),
  CHANDLERY_STEP_ATTEMPTS: z.coerce.number().int().min(1).max(100).default(6),
  CHANDLERY_RETRY_INITIAL_MS: milliseconds.default(1_000),
  CHANDLERY_INSTALL_TIMEOUT_MS: milliseconds.default(3_600_000),
  CHANDLERY_DEPLOY_TIMEOUT_MS: milliseconds.default(1_800_000),
  CHANDLERY_CODEC_KEY: codecKey.optional(),
  CHANDLERY_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  DATABASE_URL: z.string().min(1).optional(),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  CHANDLERY_TASK_QUEUE: z.string().min(1).default('chandlery'),
  KUBECONFIG: z.string().min(1).optional(),
  // Kubernetes sets it in every container.
  KUBERNETES_SERVICE_HOST: z.string().min(1).optional(),
});

export interface Config {
  port: number;
  host: string;
  dataDir: string;
  cacheDir: string;
  environment: 'development' | 'staging' | 'production';
  /** Folders of templates this server offers as a registry, its own first. */
  templateDirs: string[];
  registries: RegistriesConfig;
  /** The pack catalog of the helmdeck face. */
  marketplace: { source: string; disabled: boolean };
  registryRead: 'token' | 'open';
  outboundAllow: string[];
  /** How long what is held counts as new, ms. */
  cache: { searchMs: number; templateMs: number; catalogMs: number; validationMs: number };
  /** Between two checks of each registry, ms; 0 = never. */
  healthIntervalMs: number;
  /** `open`: anyone who reaches the port may read them. */
  metrics: { open: boolean; workerPort?: number };
  adminTokenFile: string;
  /** What the bearer of the admin token is, to Chandlery and to the cluster. */
  admin: Identity;
  /** Roles of users and groups besides those of their tokens. */
  roleBindings: RoleBinding[];
  /** Folder of what may be installed (docs/policies.md). */
  policiesDir: string;
  /** Whose signatures are known (docs/signatures.md): a folder of public keys, and an own Sigstore's trusted_root.json. */
  signers: { keysDir?: string; trustedRootFile?: string };
  /** The operator's own scanner of packages (docs/vulnerabilities.md). */
  scanner?: ScannerCommandConfig;
  /** The operator's own modules that look at templates (docs/trust.md). */
  validatorPlugins: ValidatorPluginConfig[];
  /** Present = the cluster is asked about bearers that are none of ours; audiences: none = those of the cluster itself. */
  tokenReview?: { audiences: string[] };
  limits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
  /** The same for changes of deployments. */
  deployLimits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
  /** How to reach the cluster; absent = none is configured. */
  cluster?: { kubeconfig: string } | { inCluster: true };
  logLevel: string;
  /** Encrypts what the engine stores; absent = readable. */
  codecKey?: Buffer;
  databaseUrl?: string;
  temporalAddress?: string;
  temporalNamespace: string;
  taskQueue: string;
}

/** The folder this package lies in, whether it runs from source or from dist. */
export const PACKAGE_ROOT = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

function findPackageRoot(from: string): string {
  return existsSync(join(from, 'package.json')) || dirname(from) === from ? from : findPackageRoot(dirname(from));
}

/** Reads and checks everything at once; fails with config_invalid naming each variable that is wrong. */
export function readConfig(env: Environment): Readonly<Config> {
  const parsed = schema.safeParse(withoutEmpty(env));
  if (!parsed.success) throw invalid(parsed.error);
  const values = parsed.data;
  return Object.freeze({
    port: values.CHANDLERY_PORT,
    host: values.CHANDLERY_HOST,
    dataDir: values.CHANDLERY_DATA_DIR,
    cacheDir: values.CHANDLERY_CACHE_DIR,
    environment: values.CHANDLERY_ENV,
    templateDirs: [
      values.CHANDLERY_TEMPLATES_DIR ?? join(values.CHANDLERY_DATA_DIR, 'templates'),
      join(PACKAGE_ROOT, 'templates'),
    ],
    registries: withPackCatalog(readRegistries(values.CHANDLERY_REGISTRIES, values.CHANDLERY_ENV, env), values),
    marketplace: marketplaceOf(values),
    registryRead: values.CHANDLERY_REGISTRY_READ,
    outboundAllow: values.CHANDLERY_OUTBOUND_ALLOW,
    cache: {
      searchMs: values.CHANDLERY_CACHE_SEARCH,
      templateMs: values.CHANDLERY_CACHE_TEMPLATE,
      catalogMs: values.CHANDLERY_CACHE_CATALOG,
      validationMs: values.CHANDLERY_CACHE_VALIDATION,
    },
    healthIntervalMs: values.CHANDLERY_HEALTH_INTERVAL,
    metrics: {
      open: values.CHANDLERY_METRICS_OPEN === 'true',
      ...(values.CHANDLERY_WORKER_METRICS_PORT !== undefined && { workerPort: values.CHANDLERY_WORKER_METRICS_PORT }),
    },
    adminTokenFile: values.CHANDLERY_ADMIN_TOKEN_FILE ?? join(values.CHANDLERY_DATA_DIR, 'admin-token'),
    admin: { user: values.CHANDLERY_ADMIN_USER, groups: values.CHANDLERY_ADMIN_GROUPS },
    roleBindings: readList('CHANDLERY_ROLE_BINDINGS', values.CHANDLERY_ROLE_BINDINGS, parseRoleBindings),
    policiesDir: values.CHANDLERY_POLICIES ?? join(PACKAGE_ROOT, 'policies'),
    signers: {
      ...(values.CHANDLERY_SIGNING_KEYS !== undefined && { keysDir: values.CHANDLERY_SIGNING_KEYS }),
      ...(values.CHANDLERY_TRUSTED_ROOT !== undefined && { trustedRootFile: values.CHANDLERY_TRUSTED_ROOT }),
    },
    ...(values.CHANDLERY_SCANNER !== undefined && { scanner: parseScannerCommand(values.CHANDLERY_SCANNER, env) }),
    validatorPlugins: readList('CHANDLERY_VALIDATORS', values.CHANDLERY_VALIDATORS, parseValidatorPlugins),
    ...(values.CHANDLERY_TOKEN_REVIEW === 'on' && { tokenReview: { audiences: values.CHANDLERY_TOKEN_AUDIENCES } }),
    limits: {
      stepAttempts: values.CHANDLERY_STEP_ATTEMPTS,
      retryInitialMs: values.CHANDLERY_RETRY_INITIAL_MS,
      operationMs: values.CHANDLERY_INSTALL_TIMEOUT_MS,
    },
    deployLimits: {
      stepAttempts: values.CHANDLERY_STEP_ATTEMPTS,
      retryInitialMs: values.CHANDLERY_RETRY_INITIAL_MS,
      operationMs: values.CHANDLERY_DEPLOY_TIMEOUT_MS,
    },
    ...clusterOf(values.KUBECONFIG, values.KUBERNETES_SERVICE_HOST),
    logLevel: values.CHANDLERY_LOG_LEVEL,
    ...(values.CHANDLERY_CODEC_KEY !== undefined && { codecKey: values.CHANDLERY_CODEC_KEY }),
    ...(values.DATABASE_URL !== undefined && { databaseUrl: values.DATABASE_URL }),
    ...(values.TEMPORAL_ADDRESS !== undefined && { temporalAddress: values.TEMPORAL_ADDRESS }),
    temporalNamespace: values.TEMPORAL_NAMESPACE,
    taskQueue: values.CHANDLERY_TASK_QUEUE,
  });
}

/** A file that was named wins over the cluster this server itself runs in. */
function clusterOf(kubeconfig: string | undefined, serviceHost: string | undefined): Pick<Config, 'cluster'> {
  if (kubeconfig !== undefined) return { cluster: { kubeconfig } };
  return serviceHost === undefined ? {} : { cluster: { inCluster: true } };
}

/** The names of the variables, for the docs' table. */
export const VARIABLES: readonly string[] = Object.keys(schema.shape);

/** What the split processes need besides: they have no children to start. Fails with config_invalid when one is missing. */
export function requireExternal(config: Config): { databaseUrl: string; temporalAddress: string } {
  const { databaseUrl, temporalAddress } = config;
  if (databaseUrl !== undefined && temporalAddress !== undefined) return { databaseUrl, temporalAddress };
  const missing = [databaseUrl === undefined && 'DATABASE_URL', temporalAddress === undefined && 'TEMPORAL_ADDRESS'].filter(
    Boolean,
  );
  throw new ChandleryError(
    'config_invalid',
    `${missing.join(' and ')} must be set for a separate api or worker; \`npm start\` runs everything in one process`,
    {
      issues: missing.map((name) => ({ path: String(name), message: 'is not set' })),
    },
  );
}

/** An empty variable counts as absent, as in a compose file's `${X:-}`. */
function withoutEmpty(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}

function invalid(error: z.ZodError): ChandleryError {
  const issues = error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  const words = issues.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new ChandleryError('config_invalid', `the configuration is not valid: ${words}`, { issues });
}
