import { ChandleryError } from '../../src/domain/errors.ts';
import { cancel, endedIn, pause } from './direct.ts';
import type { Studio, Take } from './studio.ts';

/** Recordings of plan, deploy, upgrade, rollback and destroy; the same rules as takes.ts. */

/** Never gets ready in the simulated cluster. */
const BAD_IMAGE = 'registry.example/never-ready:1';

async function start(studio: Studio, method: string, path: string, body?: object): Promise<string> {
  const answer = await studio.client.call(method, `/api/v1${path}`, body);
  if (answer.status !== 202) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.operation as string;
}

const deploy = (studio: Studio, namespace: string, ref: string, more: object = {}) =>
  start(studio, 'POST', '/deployments', { namespace, ref, ...more });
const change = (studio: Studio, namespace: string, body: object) =>
  start(studio, 'PATCH', `/deployments/local.${namespace}.front`, body);

/** A namespace with `front` 1.0.0 and `cache` in it. */
async function deployed(studio: Studio, namespace: string): Promise<void> {
  await studio.namespace(namespace);
  await endedIn(studio, await deploy(studio, namespace, 'front@1.0.0'), 'succeeded');
}

/** The operation's step fails for good after its effect. */
function failAfter(failing: string) {
  return async (step: string, moment: string) => {
    if (step === failing && moment === 'after')
      throw new ChandleryError('object_invalid', 'refused after the effect, for the recording');
  };
}

const failing =
  (namespace: string, step: string, ref = 'front@1.0.0'): Take =>
  async (studio) => {
    await studio.namespace(namespace);
    return studio.withWorker(async () => endedIn(studio, await deploy(studio, namespace, ref), 'failed'), failAfter(step));
  };

const succeeded: Take = async (studio) => {
  await studio.namespace('take-deployed');
  return studio.withWorker(async () => endedIn(studio, await deploy(studio, 'take-deployed', 'front@1.0.0'), 'succeeded'));
};

const neverReady: Take = async (studio) => {
  await studio.namespace('take-never-ready');
  const more = { parameters: { image: BAD_IMAGE }, readySeconds: 2 };
  return studio.withWorker(async () => endedIn(studio, await deploy(studio, 'take-never-ready', 'front@1.0.0', more), 'failed'));
};

const killed: Take = async (studio) => {
  await studio.namespace('take-deploy-killed');
  const doomed = await studio.doomedWorker('apply');
  const id = await deploy(studio, 'take-deploy-killed', 'cache');
  await doomed.exited;
  return studio.withWorker(() => endedIn(studio, id, 'succeeded'));
};

const replayed: Take = async (studio) => {
  const failed = await failing('take-deploy-replayed', 'apply', 'cache')(studio);
  return studio.withWorker(async () => endedIn(studio, await studio.client.replay(failed), 'succeeded'));
};

const cancelled: Take = async (studio) => {
  await studio.namespace('take-deploy-cancelled');
  const more = { parameters: { image: BAD_IMAGE } };
  return studio.withWorker(async () => {
    const id = await deploy(studio, 'take-deploy-cancelled', 'front@1.0.0', more);
    await studio.client.waitFor(id, (operation) => operation.step === 'wait-ready');
    await cancel(studio, id);
    return endedIn(studio, id, 'cancelled');
  });
};

/** Cancelled while the missing dependency is being deployed: the child is cancelled, and undoes itself first. */
const cancelledInDependency: Take = async (studio) => {
  await studio.namespace('take-child-cancelled');
  let id = '';
  return studio.withWorker(
    async () => {
      id = await deploy(studio, 'take-child-cancelled', 'front@1.0.0');
      return endedIn(studio, id, 'cancelled');
    },
    async (step, moment) => {
      if (step !== 'apply.Deployment.cache' || moment !== 'after') return;
      await cancel(studio, id);
      await pause(3_000);
    },
  );
};

const cancelledInUndo: Take = async (studio) => {
  await studio.namespace('take-deploy-undo');
  let id = '';
  return studio.withWorker(
    async () => {
      id = await deploy(studio, 'take-deploy-undo', 'cache');
      return endedIn(studio, id, 'failed');
    },
    async (step, moment) => {
      await failAfter('apply')(step, moment);
      if (step === 'undo-apply') await cancel(studio, id);
    },
  );
};

const overdue: Take = async (studio) => {
  await studio.namespace('take-deploy-overdue');
  const hurried = await studio.hurried(3_000);
  return studio.withWorker(async () => {
    const body = { namespace: 'take-deploy-overdue', ref: 'front@1.0.0', parameters: { image: BAD_IMAGE } };
    const { body: accepted } = await hurried.call('POST', '/api/v1/deployments', body);
    return endedIn(studio, accepted.operation, 'failed');
  });
};

const planned: Take = async (studio) => {
  await studio.namespace('take-planned');
  return studio.withWorker(async () => {
    const { status, body } = await studio.client.call('POST', '/api/v1/plans', { namespace: 'take-planned', ref: 'front@1.0.0' });
    if (status !== 201) throw new Error(`the plan was answered with ${status}: ${JSON.stringify(body)}`);
    const { body: list } = await studio.client.get('/api/v1/operations?namespace=take-planned&kind=plan&limit=1');
    return list.operations[0].id;
  });
};

const upgraded =
  (namespace: string, body: object, state = 'succeeded', onMoment?: (step: string, moment: string) => Promise<void>): Take =>
  async (studio) => {
    await studio.withWorker(() => deployed(studio, namespace));
    return studio.withWorker(async () => endedIn(studio, await change(studio, namespace, body), state), onMoment);
  };

const rolledBack: Take = async (studio) => {
  await upgraded('take-rolled-back', { version: '1.1.0' })(studio);
  return studio.withWorker(async () =>
    endedIn(studio, await start(studio, 'POST', '/deployments/local.take-rolled-back.front/rollback', {}), 'succeeded'),
  );
};

const destroyed: Take = async (studio) => {
  await studio.withWorker(() => deployed(studio, 'take-destroyed'));
  return studio.withWorker(async () =>
    endedIn(studio, await start(studio, 'DELETE', '/deployments/local.take-destroyed.front'), 'succeeded'),
  );
};

const destroyRefused: Take = async (studio) => {
  await studio.withWorker(() => deployed(studio, 'take-needed'));
  return studio.withWorker(async () =>
    endedIn(studio, await start(studio, 'DELETE', '/deployments/local.take-needed.cache'), 'failed'),
  );
};

const destroyUndone: Take = async (studio) => {
  await studio.withWorker(() => deployed(studio, 'take-put-back'));
  return studio.withWorker(
    async () => endedIn(studio, await start(studio, 'DELETE', '/deployments/local.take-put-back.front'), 'failed'),
    failAfter('delete'),
  );
};

/** Fails for good once its dependency runs, which is destroyed again: a destroy of this operation's, told to spare what is older. */
const dependencyTakenBack = failing('take-dependency-taken-back', 'apply.ConfigMap.front-two');

const destroyTakingBack: Take = async (studio) => {
  const parent = await dependencyTakenBack(studio);
  const { body } = await studio.client.get('/api/v1/operations?namespace=take-dependency-taken-back&kind=destroy&limit=1');
  if (!body.operations[0]) throw new Error(`${parent} took no dependency back`);
  return body.operations[0].id;
};

/** Cancelled past the point of no return: it goes on to its end, with what was deployed for it. */
const destroyCancelledInForget: Take = async (studio) => {
  await studio.withWorker(() => deployed(studio, 'take-forgotten'));
  let id = '';
  return studio.withWorker(
    async () => {
      id = await start(studio, 'DELETE', '/deployments/local.take-forgotten.front');
      return endedIn(studio, id, 'succeeded');
    },
    async (step, moment) => {
      if (step !== 'forget' || moment !== 'before') return;
      await cancel(studio, id);
      await pause(3_000);
    },
  );
};

export const DEPLOY_TAKES: Record<string, Take> = {
  'plan-succeeded': planned,
  'deploy-succeeded': succeeded,
  'deploy-undone': failing('take-deploy-undone', 'apply.ConfigMap.front-two'),
  'deploy-never-ready': neverReady,
  'deploy-killed': killed,
  'deploy-replayed': replayed,
  'deploy-cancelled': cancelled,
  'deploy-cancelled-in-dependency': cancelledInDependency,
  'deploy-cancelled-in-undo': cancelledInUndo,
  'deploy-overdue': overdue,
  'upgrade-succeeded': upgraded('take-upgraded', { version: '1.1.0' }),
  'upgrade-unchanged': upgraded('take-unchanged', { parameters: {} }),
  'upgrade-undone': upgraded('take-upgrade-undone', { parameters: { image: BAD_IMAGE }, readySeconds: 2 }, 'failed'),
  'rollback-succeeded': rolledBack,
  'destroy-succeeded': destroyed,
  'destroy-refused': destroyRefused,
  'destroy-undone': destroyUndone,
  'destroy-cancelled-in-forget': destroyCancelledInForget,
  'destroy-taking-back': destroyTakingBack,
};
