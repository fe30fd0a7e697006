import type { OutputView, ResourceView } from '../../../src/domain/deployment.ts';
import type { ApiClient } from '../../lab/api-client.ts';
import { DEMO_USER } from '../cluster.ts';
import type { DeploySet } from '../deploy-set.ts';
import { deploymentPath } from '../deploy-set.ts';
import type { Stage } from '../stage.ts';

const DEPLOYMENTS = ['shop', 'redis', 'web-app'];
/** Characters of a uid that people compare by eye. */
const SHORT_UID = 8;

/** What runs now, what the user needs to use it, and who Kubernetes saw doing it. */
export async function showRunning(stage: Stage, set: DeploySet): Promise<void> {
  await showResources(stage, set);
  await showOutputs(stage, set);
  stage.chapter('What the API server wrote into its own audit log');
  const audit = await set.view.changesByChandlery();
  stage.deployment.audit = audit;
  stage.detail(
    `${audit.changes} changes in ${set.view.namespace} came with Chandlery's credential; it acted as ${audit.users.join(', ')}`,
  );
  stage.claim(audit.changes > 0 && audit.users.join() === DEMO_USER, `every change was made with the rights of ${DEMO_USER}`);
}

async function showResources(stage: Stage, { user, view }: DeploySet): Promise<void> {
  stage.chapter('What runs now: shop, and redis and web-app that were deployed for it');
  const told: ResourceView[] = [];
  for (const name of DEPLOYMENTS) {
    const { body } = await user.get(`${deploymentPath(name)}/resources`);
    told.push(...body.resources);
    for (const { kind, name: object, status, uid = '' } of body.resources as ResourceView[])
      stage.detail(`${name.padEnd(8)} ${`${kind} ${object}`.padEnd(36)} ${status.padEnd(6)} uid ${uid.slice(0, SHORT_UID)}`);
  }
  stage.resources = await view.resources();
  const seen = new Map(stage.resources.map(({ uid, status }) => [uid, status]));
  stage.claim(
    told.length > 0 && told.every(({ uid = '', status }) => status === 'ready' && seen.get(uid) === 'ready'),
    `${told.length} objects are ready, and the cluster itself shows the same ones`,
  );
}

async function showOutputs(stage: Stage, { user }: DeploySet): Promise<void> {
  stage.chapter('Connection details');
  const found: Array<OutputView & { deployment: string }> = [];
  for (const deployment of DEPLOYMENTS) {
    const { body } = await user.get(`${deploymentPath(deployment)}/outputs`);
    found.push(...(body.outputs as OutputView[]).map((output) => ({ ...output, deployment })));
  }
  for (const { deployment, name, secret, value, note } of found) {
    const shown = value === undefined ? `(${note})` : secret ? `(secret, ${value.length} characters)` : value;
    stage.detail(`${deployment.padEnd(8)} ${name.padEnd(9)} ${shown}`);
  }
  stage.deployment.outputs = found.map(({ deployment, name, secret, value }) => ({
    ...{ deployment, name, secret },
    ...(!secret && value !== undefined && { value }),
  }));
  const password = found.find(({ deployment, name }) => deployment === 'redis' && name === 'password')?.value ?? '';
  stage.claim(password.length > 0, 'redis has a password that was made up, and its user may read it');
  const histories = await Promise.all(DEPLOYMENTS.map((name) => historyOf(user, name)));
  stage.claim(
    password.length > 0 && histories.every((history) => history.length > 0 && !history.includes(password)),
    'it is in no history of the operations that deployed it',
  );
}

/** Everything the engine remembers of the last operation of a deployment, as text. */
async function historyOf(user: ApiClient, name: string): Promise<string> {
  const { body } = await user.get(deploymentPath(name));
  const history = await user.get(`/api/v1/operations/${body.operation}/history`);
  return history.status === 200 ? decoded(JSON.stringify(history.body)) : '';
}

/** Payloads of a history are base64: the text with them readable. */
function decoded(text: string): string {
  return text.replaceAll(
    /"([A-Za-z0-9+/]{8,}={0,2})"/g,
    (whole, data: string) => `${whole}${Buffer.from(data, 'base64').toString('utf8')}`,
  );
}
