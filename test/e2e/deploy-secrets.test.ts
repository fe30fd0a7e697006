// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { auditEvents, objectOf, outputsOf, planned, plannedObject, secretNames, secretOf } from '../support/deploy-reads.ts';
import { NOTES } from '../support/deploy-templates.ts';
import type { TemplateFixture } from '../support/registry-folder.ts';

const TEST_TIMEOUT_MS = 60_000;
jest.setTimeout(TEST_TIMEOUT_MS);

const TOKEN = 'first-token-given-by-the-user';
const NEVER_READY = 'example.org/never-ready:1';

/** Serves over TLS with a certificate that it was given, or that was made for it. */
const VAULT: TemplateFixture = {
  ...{ name: 'vault', version: '1.0.0' },
  spec: {
    type: 'workload',
    parameters: { type: 'object', properties: { tls: { 'x-chandlery': { generated: 'certificate' } } } },
    workload: {
      image: 'example.org/vault:1',
      ports: [{ name: 'https', port: 8443 }],
      volumes: [{ name: 'tls', path: '/tls', secret: { parameter: 'tls' } }],
    },
    outputs: [{ name: 'certificate', from: 'secret', key: 'tls.crt', secret: false }],
  },
};

describeCluster('a secret value', () => {
  let lab: DeployLab;
  let db: pg.Client;

  beforeAll(async () => {
    // Whatever is written anywhere is written at this level.
    lab = await openDeployLab({ templates: [...NOTES, VAULT], env: { CHANDLERY_LOG_LEVEL: 'debug' } });
    await lab.startWorker();
    db = new pg.Client({ connectionString: lab.lab.engine.databaseUrl });
    await db.connect();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(async () => {
    await db?.end();
    await lab?.close();
  }, 60_000);

  async function inputSecrets(namespace: string): Promise<string[]> {
    return (await secretNames(lab, namespace)).filter((name) => name.startsWith('chandlery-inputs'));
  }

  it.concurrent('that is generated stays the same through a retry, upgrades and a rollback', async () => {
    const namespace = await lab.namespace();
    await lab.holds.fail(namespace, 'apply.Secret.notes', 'after', 'cluster_unavailable');
    const operation = await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters: { token: TOKEN } }));
    expect(operation.steps.find(({ name }) => name === 'apply')).toMatchObject({
      attempts: [{ attempt: 1, outcome: 'cluster_unavailable' }],
    });
    const first = await secretOf(lab, namespace, 'notes');
    expect(first).toEqual({ password: expect.stringMatching(/^[A-Za-z0-9]{24}$/), token: TOKEN });
    expect(await secretOf(lab, namespace, 'chandlery.notes.v1')).toEqual(first);

    await lab.succeeded(lab.upgrade(namespace, 'notes', { version: '1.1.0' }));
    expect(await secretOf(lab, namespace, 'notes')).toEqual(first);
    await lab.succeeded(lab.upgrade(namespace, 'notes', { parameters: { token: 'second-token-of-the-user' } }));
    const second = { password: first?.password, token: 'second-token-of-the-user' };
    expect(await secretOf(lab, namespace, 'notes')).toEqual(second);
    await lab.succeeded(lab.rollback(namespace, 'notes', { revision: 1 }));
    // The value that was given for that revision comes back with it.
    expect(await secretOf(lab, namespace, 'notes')).toEqual(first);
    expect((await outputsOf(lab.api, namespace, 'notes')).password).toBe(first?.password);
    // One Secret a revision, which nobody can change.
    for (const [at, values] of [first, first, second, first].entries()) {
      expect(await secretOf(lab, namespace, `chandlery.notes.v${at + 1}`)).toEqual(values);
      expect(await objectOf(lab, 'Secret', namespace, `chandlery.notes.v${at + 1}`)).toMatchObject({ immutable: true });
    }
    await lab.succeeded(lab.destroy(namespace, 'notes', { deleteVolumes: true }));
    expect(await secretNames(lab, namespace)).toEqual([]);
  });

  it.concurrent('that is generated is another one for each deployment, and one that is given is taken instead', async () => {
    const [one, two] = [await lab.namespace(), await lab.namespace()];
    await lab.succeeded(lab.deploy(one, 'notes'));
    await lab.succeeded(lab.deploy(two, 'notes', { parameters: { password: 'chosen-by-the-user' } }));
    const [made, given] = [await secretOf(lab, one, 'notes'), await secretOf(lab, two, 'notes')];
    // A parameter without a value leaves its entry out.
    expect(made).toEqual({ password: expect.stringMatching(/^[A-Za-z0-9]{24}$/) });
    expect(given).toEqual({ password: 'chosen-by-the-user' });
  });

  it.concurrent('that is generated as a certificate is valid for the name of the Service, and stays', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'vault'));
    const first = await secretOf(lab, namespace, 'vault');
    const certificate = new X509Certificate(first?.['tls.crt'] ?? '');
    for (const host of ['vault', `vault.${namespace}`, `vault.${namespace}.svc`, `vault.${namespace}.svc.cluster.local`])
      expect(certificate.checkHost(host)).toBe(host);
    expect(certificate.checkHost('vault.another.svc')).toBeUndefined();
    expect(certificate.checkPrivateKey(createPrivateKey(first?.['tls.key'] ?? ''))).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
    expect((await outputsOf(lab.api, namespace, 'vault')).certificate).toBe(first?.['tls.crt']);

    const pem = `${first?.['tls.crt']}${first?.['tls.key']}`;
    await lab.succeeded(lab.upgrade(namespace, 'vault', { parameters: { tls: pem } }));
    expect(await secretOf(lab, namespace, 'vault')).toEqual(first);
    const answer = await lab.api.call('POST', '/api/v1/plans', {
      namespace,
      ref: 'vault',
      name: 'v2',
      parameters: { tls: 'no-certificate' },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'parameter_invalid', errors: [{ path: '/tls' }] } });
    expect(JSON.stringify(answer.body)).not.toContain('no-certificate');
  });

  it.concurrent('is masked in the plan of an upgrade, which tells only that it changes', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'notes', { parameters: { token: TOKEN } }));
    const plan = await planned(lab.api, { deployment: `local.${namespace}.notes`, parameters: { token: 'the-next-token' } });
    expect(plan).toMatchObject({ secretParameters: ['token'], parameters: {}, summary: { update: 1, unchanged: 4 } });
    expect(plannedObject(plan, 'Secret', 'notes')).toMatchObject({
      action: 'update',
      changes: [{ path: '/data/token', before: '(secret)', after: '(secret)', masked: true }],
    });
    expect(JSON.stringify(plan)).not.toMatch(/next-token|first-token/);
    const missing = await lab.api.call('POST', '/api/v1/deployments', { plan: plan.digest });
    expect(missing).toMatchObject({ status: 422, body: { code: 'parameter_invalid', errors: [{ path: '/token' }] } });
    const accepted = await lab.api.call('POST', '/api/v1/deployments', {
      plan: plan.digest,
      secrets: { token: 'the-next-token' },
    });
    await lab.succeeded(accepted.body.operation);
    expect((await secretOf(lab, namespace, 'notes'))?.token).toBe('the-next-token');
  });

  it.concurrent.each<['succeeds' | 'fails' | 'is cancelled', string]>([
    ['succeeds', 'succeeded'],
    ['fails', 'failed'],
    ['is cancelled', 'cancelled'],
  ])('of a request is in the cluster while its operation runs, and gone when that %s', async (how, state) => {
    const namespace = await lab.namespace();
    const hold = await lab.holds.hold(namespace, 'apply', 'before');
    const parameters = { token: TOKEN, ...(how === 'fails' && { image: NEVER_READY }) };
    const id = await lab.deploy(namespace, 'notes', { parameters, readySeconds: 1 });
    await hold.reached();
    const [name = '', ...more] = await inputSecrets(namespace);
    expect(more).toEqual([]);
    expect(await secretOf(lab, namespace, name)).toEqual({ token: JSON.stringify(TOKEN) });
    if (how === 'is cancelled') await lab.cancel(id);
    await hold.release();
    expect(await lab.ended(id)).toMatchObject({ state });
    expect(await inputSecrets(namespace)).toEqual([]);
  });

  it.concurrent('is in no operation, history, plan, log, table, error or audit entry', async () => {
    const namespace = await lab.namespace();
    const values = ['deployed', 'planned', 'upgraded', 'failing'].map((word) => `${word}-${namespace}-value`);
    const [deployed, later, upgraded, failing] = values;
    const answers: unknown[] = [];
    const remember = async <Answer>(answer: Promise<Answer>) => {
      answers.push(await answer);
      return answer;
    };
    await remember(lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters: { token: deployed } })));
    await remember(lab.succeeded(lab.upgrade(namespace, 'notes', { version: '1.1.0', parameters: { token: upgraded } })));
    const plan = await remember(planned(lab.api, { deployment: `local.${namespace}.notes`, parameters: { token: later } }));
    const { body } = await lab.api.call('POST', '/api/v1/deployments', { plan: plan.digest, secrets: { token: later } });
    await remember(lab.succeeded(body.operation));
    const broken = { parameters: { token: failing, image: NEVER_READY }, readySeconds: 1 };
    const failed = await remember(lab.ended(lab.upgrade(namespace, 'notes', broken)));
    expect(failed.state).toBe('failed');
    values.push((await secretOf(lab, namespace, 'notes'))?.password ?? '');
    await remember(lab.succeeded(lab.rollback(namespace, 'notes')));
    await remember(lab.succeeded(lab.destroy(namespace, 'notes')));

    const { operations } = (await lab.api.get(`/api/v1/operations?namespace=${namespace}&limit=100`)).body;
    const histories = operations.map(({ id }: { id: string }) => lab.api.get(`/api/v1/operations/${id}/history`));
    const texts = {
      answers: JSON.stringify(answers),
      operations: JSON.stringify(operations),
      histories: ((await Promise.all(histories)) as Array<{ body: unknown }>).map(({ body }) => decoded(body)).join('\n'),
      api: await lab.log('api'),
      worker: await lab.log('worker'),
      tables: await tables(),
      audit: JSON.stringify(await auditEvents(lab, namespace)),
    };
    // That the search finds what is there.
    expect(texts.histories).toContain('"parameters":["token"]');
    expect(texts.tables).toContain(namespace);
    expect(texts.audit).toContain('notes-new');
    for (const [where, text] of Object.entries(texts)) {
      expect(text.length).toBeGreaterThan(500);
      for (const value of values.flatMap(forms))
        expect({ where, found: text.includes(value) && value }).toEqual({ where, found: false });
    }
  });

  /** All rows of all tables, as text. */
  async function tables(): Promise<string> {
    const { rows } = await db.query(`select table_name from information_schema.tables where table_schema = 'public'`);
    expect(rows.length).toBeGreaterThan(10);
    const texts: string[] = [];
    for (const { table_name: name } of rows) {
      const result = await db.query(`select t::text as row from "${name}" t`);
      texts.push(...result.rows.map(({ row }) => row));
    }
    return texts.join('\n');
  }
});

/** A value as it may be written: plain, as JSON in base64, in base64 and in hex (as PostgreSQL shows bytes). */
function forms(value: string): string[] {
  const [plain, json] = [Buffer.from(value), Buffer.from(JSON.stringify(value))];
  // A last group of base64 that is not full depends on what follows.
  const base64 = [plain, json].map((bytes) => bytes.toString('base64').slice(0, 4 * Math.floor(bytes.length / 3)));
  return [value, ...base64, plain.toString('hex')];
}

/** A history with what its payloads hold, behind it. */
function decoded(history: unknown): string {
  const text = JSON.stringify(history);
  const payloads = [...text.matchAll(/"data":"([A-Za-z0-9+/=]+)"/g)].map(([, data = '']) =>
    Buffer.from(data, 'base64').toString(),
  );
  expect(payloads.length).toBeGreaterThan(0);
  return [text, ...payloads].join('\n');
}
