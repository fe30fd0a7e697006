import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createCheckDependents } from '../../activities/check-dependents.ts';
import { createCheckNeeded } from '../../activities/check-needed.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createPreValidate } from '../../activities/pre-validate.ts';
import { createResolve } from '../../activities/resolve.ts';
import { createStructure } from '../../activities/structure.ts';
import { createArchiveReader } from '../../src/adapters/archive/inspect.ts';
import type { RegistryManager } from '../../src/catalog/manager.ts';
import { ACCESS_TABLE, type AccessRule } from '../../src/domain/access-table.ts';
import type { ClusterSession } from '../../src/domain/cluster.ts';
import { digestOf } from '../../src/domain/content-hash.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { HelmdeckCatalog } from '../../src/domain/helmdeck.ts';
import { jsonDigest } from '../../src/domain/json-digest.ts';
import type { RegistryConfig } from '../../src/domain/registries-config.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import { changed, deploymentKey, pinOf, startOf } from '../support/deployments.ts';
import { noPacks } from '../support/no-packs.ts';
import { archiveOf } from '../support/publishing.ts';
import { manifestText } from '../support/registry-folder.ts';
import { fenced, itemOf, materialise, operationOn } from '../support/stores.ts';
import { advisoryOf } from '../support/vulnerabilities.ts';
import { type DeployLab, openDeployLab, TEMPLATES } from './support/deploy-lab.ts';
import { deployed } from './support/deployed.ts';

/** Every route that changes something leaves exactly one entry that allowed it: by its router, or by the first step of its operation. */

const NAMESPACE = 'team-a';
const REQUESTER = { user: 'ada', groups: ['chandlery:admins'] };
const OPERATION = `install.local.${NAMESPACE}.plain.00000000-0000-4000-8000-000000000001`;
const QUIET = new DefaultLogger('ERROR', () => undefined);

interface ByRequest {
  path: string;
  body?: unknown;
  object: string;
}

const V1 = '/api/v1';
const sources = `${V1}/namespaces/${NAMESPACE}/marketplace-sources`;
const source = { name: 'partner', url: 'https://example.com/items.json' };
const registry = { name: 'extra', kind: 'chandlery', type: 'community', url: 'https://registry.example.com' };

const BY_REQUEST: Record<string, ByRequest | (() => Promise<ByRequest>)> = {
  'POST /api/v1/templates/{name}/versions/{version}/yank': {
    ...{ path: `${V1}/templates/own/versions/1.0.0/yank`, body: { reason: 'broken' }, object: 'template/own@1.0.0' },
  },
  'POST /api/v1/templates/{name}/versions/{version}/unyank': {
    path: `${V1}/templates/own/versions/1.0.0/unyank`,
    object: 'template/own@1.0.0',
  },
  'POST /api/v1/templates/{name}/ratings': {
    ...{ path: `${V1}/templates/redis/ratings`, body: { rating: 5 }, object: 'template/redis' },
  },
  'PUT /api/v1/templates/{name}/owners': {
    ...{ path: `${V1}/templates/own/owners`, body: { owners: ['ada'] }, object: 'template/own' },
  },
  'PUT /api/v1/templates/{name}/verified': {
    ...{ path: `${V1}/templates/redis/verified`, body: { note: 'known' }, object: 'template/redis' },
  },
  'DELETE /api/v1/templates/{name}/verified': { path: `${V1}/templates/redis/verified`, object: 'template/redis' },
  'POST /api/v1/registries': { path: `${V1}/registries`, body: registry, object: 'registry/extra' },
  'PATCH /api/v1/registries/{name}': { path: `${V1}/registries/extra`, body: { type: 'official' }, object: 'registry/extra' },
  'DELETE /api/v1/registries/{name}': { path: `${V1}/registries/extra`, object: 'registry/extra' },
  'POST /api/v1/registries/{name}/test': { path: `${V1}/registries/main/test`, object: 'registry/main' },
  'POST /api/v1/registries/{name}/refresh': { path: `${V1}/registries/main/refresh`, object: 'registry/main' },
  'POST /api/v1/operations/{id}/cancel': {
    path: `${V1}/operations/${OPERATION}/cancel`,
    object: `install/local/${NAMESPACE}/plain`,
  },
  'POST /api/v1/operations/{id}/replay': {
    path: `${V1}/operations/${OPERATION}/replay`,
    object: `install/local/${NAMESPACE}/plain`,
  },
  'POST /api/v1/namespaces/{namespace}/marketplace-sources': {
    path: sources,
    body: source,
    object: `source/${NAMESPACE}/partner`,
  },
  'PATCH /api/v1/namespaces/{namespace}/marketplace-sources/{name}': {
    ...{ path: `${sources}/there`, body: { url: source.url }, object: `source/${NAMESPACE}/there` },
  },
  'DELETE /api/v1/namespaces/{namespace}/marketplace-sources/{name}': {
    path: `${sources}/there`,
    object: `source/${NAMESPACE}/there`,
  },
  'POST /api/v1/marketplace/refresh': { path: `${V1}/marketplace/refresh`, object: 'packs/catalog' },
  'POST /api/v1/tokens': { path: `${V1}/tokens`, body: { user: 'new', name: 'fresh' }, object: 'token/fresh' },
  'DELETE /api/v1/tokens/{id}': async () => {
    const { id } = await lab.store.tokens.add('ending-token', 'ending', { user: 'x', groups: [] });
    return { path: `${V1}/tokens/${id}`, object: 'token/ending' };
  },
  'POST /api/v1/vulnerabilities/imports/{id}/complete': async () => {
    const file = { name: 'npm', file: 'npm.zip', digest: `sha256:${'a'.repeat(64)}`, importedBy: 'ada' };
    const begun = await lab.store.vulnerabilities.begin(file);
    const id = 'id' in begun ? begun.id : '';
    await lab.store.vulnerabilities.append(id, 0, [advisoryOf('GHSA-1', 'left-pad', '1.0.0')]);
    const path = `${V1}/vulnerabilities/imports/${id}/complete`;
    return { path, body: { batches: 1, entries: 1 }, object: 'vulnerabilities/npm' };
  },
};

interface ByStep {
  step: string;
  kind: 'install' | 'deployment' | 'publish';
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each activity has an input of its own
  activity: (deps: ActivityDeps) => (request: any) => Promise<unknown>;
  input: (target: { kind: string; cluster: string; namespace: string; name: string }) => Promise<object> | object;
  object: string;
}

const change = (kind: string, name: string, request: object = {}): ByStep => ({
  ...{ step: 'resolve', kind: 'deployment', name, activity: createResolve, object: `deployment/local/${NAMESPACE}/${name}` },
  input: () => ({ key: deploymentKey(NAMESPACE, name), kind, request, requester: REQUESTER }),
});

const BY_STEP: Record<string, ByStep> = {
  'POST /api/v1/templates': {
    ...{ step: 'structure', kind: 'publish', name: 'packed', activity: createStructure, object: 'template/packed@1.0.0' },
    input: async (target) => {
      const archive = archiveOf({ name: 'packed', version: '1.0.0' });
      const digest = digestOf(archive);
      const upload = await lab.store.blobs.openUpload('packed', digest);
      await upload.append(archive);
      await upload.complete(archive.length);
      return { target, request: { version: '1.0.0', digest, size: archive.length }, requester: REQUESTER };
    },
  },
  'POST /api/v1/installs': {
    ...{ step: 'pre-validate', kind: 'install', name: 'fresh', activity: createPreValidate },
    input: (target) => ({ target, request: { name: 'fresh' }, requester: REQUESTER }),
    object: `install/local/${NAMESPACE}/fresh`,
  },
  'DELETE /api/v1/installs/{id}': {
    ...{ step: 'check-dependents', kind: 'install', name: 'lonely', activity: createCheckDependents },
    input: (target) => ({ target, requester: REQUESTER }),
    object: `install/local/${NAMESPACE}/lonely`,
  },
  'POST /api/v1/deployments': change('deploy', 'another', { name: 'plain' }),
  'PATCH /api/v1/deployments/{id}': change('upgrade', 'plain', {}),
  'POST /api/v1/deployments/{id}/rollback': change('rollback', 'plain', { revision: 1 }),
  'DELETE /api/v1/deployments/{id}': {
    ...{ step: 'check-needed', kind: 'deployment', name: 'plain', activity: createCheckNeeded },
    input: () => ({ key: deploymentKey(NAMESPACE, 'plain'), requester: REQUESTER }),
    object: `deployment/local/${NAMESPACE}/plain`,
  },
};

/** It only looks; what is carried out by it is written down when it is. */
const NOTHING = [
  'POST /api/v1/plans',
  // What is staged is of no effect until it is complete.
  'POST /api/v1/vulnerabilities/imports',
  'PUT /api/v1/vulnerabilities/imports/{id}/batches/{number}',
];
/** Reads that are written down all the same. */
const READS: Record<string, ByRequest> = {
  'GET /api/v1/templates/{name}/archive': {
    path: `${V1}/templates/redis/archive?version=1.0.0`,
    object: 'template/redis@1.0.0',
  },
  'GET /api/v1/audit/export': { path: `${V1}/audit/export?limit=1`, object: 'audit' },
};

const routeOf = ({ method, path }: AccessRule) => `${method} ${path}`;
const ruleOf = (route: string) => {
  const rule = ACCESS_TABLE.find((row) => routeOf(row) === route);
  if (!rule) throw new Error(`the access table has no ${route}`);
  return rule;
};

let lab: DeployLab;

beforeAll(async () => {
  lab = await openDeployLab(TEMPLATES, { registryManager: agreeing(), packs: { ...noPacks(), refresh: async () => EMPTY } });
  await deployed(lab, { name: 'plain', template: 'plain', version: '1.0.0' });
  const stores = { url: '', store: lab.store, db: undefined as never };
  await changed(stores, deploymentKey(NAMESPACE, 'plain'), startOf('upgrade', pinOf('plain', '1.0.0')));
  await lab.store.documents.put('rendered', { objects: [] }, jsonDigest('rendered'));
  await materialise(stores, await fenced(stores, operationOn(NAMESPACE, 'lonely'), 'install'), [itemOf('lonely', '1.0.0')]);
  await published('own');
  lab.next.operation = {
    id: OPERATION,
    target: `install/local/${NAMESPACE}/plain`,
    links: { self: '', events: '', history: '' },
  };
  writableSources();
}, 120_000);
afterAll(async () => await lab?.close(), 60_000);

const EMPTY = { index: {}, meta: {} } as Awaited<ReturnType<HelmdeckCatalog['refresh']>>;

/** Changes nothing, and says beforehand that it would. */
function agreeing(): RegistryManager {
  const config = { name: 'extra', kind: 'chandlery', type: 'community', url: 'https://registry.example.com' } as RegistryConfig;
  return {
    add: async (_entry, { allowed }) => await allowed(config),
    change: async (_name, _change, { allowed }) => await allowed(config),
    remove: async (_name, { allowed }) => await allowed(),
  };
}

async function published(name: string): Promise<void> {
  const stores = { url: '', store: lab.store, db: undefined as never };
  const context = await fenced(stores, operationOn('local', name, undefined, 'publish'), 'publish');
  const manifest = parseTemplate(manifestText({ name, version: '1.0.0' }));
  await lab.store.published.publish(context, {
    inputDigest: 'in',
    version: {
      ...{ name, version: '1.0.0', digest: digestOf(Buffer.from(name)), size: 1, contentHash: 'e'.repeat(64), manifest },
      ...{ dependencies: [], status: 'approved', publisher: 'ada' },
    },
    report: { status: 'approved', reasons: [], score: { parts: {}, measured: 100 }, findings: [], more: 0 },
  });
}

/** The cluster of this lab reads only. */
function writableSources(): void {
  lab.cluster.add({
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: 'marketplace-sources', namespace: NAMESPACE },
    data: { there: JSON.stringify({ url: source.url, displayName: null }) },
  });
  const as = lab.cluster.as.bind(lab.cluster);
  const done = async () => ({}) as never;
  const mayI: ClusterSession['mayI'] = async (questions) => questions.map(() => true);
  lab.cluster.as = (identity) => ({ ...as(identity), apply: done, mergePatch: done, mayI }) as ClusterSession;
}

async function send(route: string, { path, body }: ByRequest): Promise<Response> {
  return fetch(`${lab.dev.url}${path}`, {
    method: route.split(' ')[0] ?? '',
    headers: { authorization: 'Bearer admin-token', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

it('every route that changes something is looked at here', () => {
  const changing = ACCESS_TABLE.filter(({ method }) => method !== 'GET').map(routeOf);
  const known = [...Object.keys(BY_REQUEST), ...Object.keys(BY_STEP), ...NOTHING];
  expect(known.toSorted()).toEqual(changing.toSorted());
});

describe.each(Object.entries({ ...BY_REQUEST, ...READS }))('%s', (route, sample) => {
  it('leaves one entry, of its action and object', async () => {
    const asked = typeof sample === 'function' ? await sample() : sample;
    const before = lab.audited.length;
    const answer = await send(route, asked);
    await answer.body?.cancel();
    expect(lab.audited.slice(before)).toEqual([
      expect.objectContaining({ actor: 'ada', action: ruleOf(route).action, object: asked.object, outcome: 'allowed' }),
    ]);
  });
});

describe.each(Object.entries(BY_STEP))('%s', (route, { step, kind, name, activity, input, object }) => {
  it(`leaves one entry, of its action and object, however often ${step} is tried`, async () => {
    const deps: ActivityDeps = {
      store: lab.store,
      registries: {
        all: [],
        default: { name: 'main' } as never,
        local: undefined,
        get: (name) => {
          throw new ChandleryError('registry_not_found', `there is no ${name} here`);
        },
      },
      archive: createArchiveReader(),
      cluster: lab.cluster,
      secrets: { make: () => Promise.reject(new Error('no secret is made here')) },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    };
    const operation = operationOn(kind === 'publish' ? 'local' : NAMESPACE, name, undefined, kind);
    const stores = { url: '', store: lab.store, db: undefined as never };
    const context = await fenced(stores, operation, step);
    const request = { context, input: await input(operation.target) };
    for (const root of [context.root, `${context.root}-again`]) {
      const again = { ...request, context: { ...context, root } };
      await new MockActivityEnvironment({ attempt: 1 }, { logger: QUIET }).run(activity(deps), again);
    }
    const found = await lab.store.auditLog.read({ filter: { operation: operation.id }, order: 'oldest', limit: 10 });
    expect(found).toEqual([expect.objectContaining({ actor: 'ada', action: ruleOf(route).action, object, outcome: 'allowed' })]);
  });
});
