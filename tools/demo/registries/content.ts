import type { ChartFixture } from '../../../test/support/chart-repository.ts';
import type { TestFiles } from '../../../test/support/git/repository.ts';
import type { ChartFixture as PushedChart } from '../../../test/support/oci/push.ts';
import { manifestText } from '../../../test/support/registry-folder.ts';

/** What the six registries of the demo offer. Each has something about Redis, so that one search finds something in every one. */

/** No values.schema.json: what can be set has to be read from the values. */
export const CLUSTER_CHART: ChartFixture = {
  name: 'redis-cluster',
  version: '1.4.0',
  chart: { description: 'Redis as a cluster of several masters with replicas.', keywords: ['redis', 'cache'] },
  values: [
    '# How many masters share the keys.',
    'masters: 3',
    '# Replicas of each master.',
    'replicas: 1',
    'persistence:',
    '  # Whether data outlives the pods.',
    '  enabled: true',
    '  # Size of each volume.',
    '  size: 8Gi',
    '',
  ].join('\n'),
};

export const DASHBOARD_CHART: ChartFixture = {
  name: 'grafana',
  version: '10.1.0',
  chart: { description: 'Dashboards over metrics and logs.', keywords: ['monitoring'] },
  values: 'adminUser: admin\n',
};

/** Pushed below `charts/`. */
export const EXPORTER_CHART: PushedChart = {
  name: 'redis-exporter',
  version: '2.0.3',
  chart: 'description: Metrics of Redis in the format of Prometheus.\nkeywords: [redis, metrics]\n',
  files: { 'values.yaml': '# Address of the Redis to look at.\ntarget: redis:6379\n' },
};

/** Pushed below `agents/`, where only the marketplace's item leads. */
export const MEMORY_CHART: PushedChart = {
  name: 'redis-memory',
  version: '0.6.1',
  chart: 'description: What agents remember, kept in Redis.\n',
  files: { 'values.yaml': 'ttlHours: 24\n' },
};

/** `host`: of the OCI registry. */
export function marketplaceText(host: string): string {
  const { name, version } = MEMORY_CHART;
  const item = {
    ...{ name, version, type: 'service', displayName: 'Redis memory', category: 'storage', license: 'Apache-2.0' },
    description: 'What agents remember, kept in Redis.',
    tags: ['agents', 'redis'],
    ark: { chartPath: `oci://${host}/agents/${name}`, helmReleaseName: name, installArgs: ['--create-namespace'] },
  };
  return JSON.stringify({ version: '1.0.0', marketplace: 'agents', items: [item] });
}

const BACKUP = { name: 'redis-backup', version: '0.3.0' };

export const BACKUP_TEMPLATE: TestFiles = {
  'redis-backup/template.yaml': manifestText({
    ...BACKUP,
    description: 'Saves a Redis to an object store every night.',
    category: 'database',
    tags: ['redis', 'backup'],
  }),
  'redis-backup/manifests/config.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: redis-backup }\ndata: { at: "03:00" }\n',
};

export const PACK_FILES: Readonly<Record<string, string>> = {
  'index.yaml': [
    'catalog_version: v1',
    'packs:',
    '  - { name: redis.flush, version: v2, path: packs/redis.flush, description: Empties one database of a Redis., tags: [redis] }',
    '',
  ].join('\n'),
  'packs/redis.flush/helmdeck-pack.yaml': [
    'name: redis.flush',
    'version: v2',
    'description: Empties one database of a Redis.',
    'license: MIT',
    'input_schema: { required: [database], properties: { database: { type: integer, description: Number of the database. } } }',
    'handler: { type: command, command: [./flush] }',
    '',
  ].join('\n'),
  'packs/redis.flush/flush': '#!/bin/sh\nredis-cli FLUSHDB\n',
};
