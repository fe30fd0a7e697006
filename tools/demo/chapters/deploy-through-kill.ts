import type { KubeObject } from '../../../src/domain/cluster.ts';
import { DEPLOYMENT_LABEL } from '../../../src/domain/cluster.ts';
import { HOLDING_WORKER, Holds } from '../../../test/support/holds.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { DeploySet } from '../deploy-set.ts';
import { operationOf } from '../deploy-set.ts';
import type { Stage } from '../stage.ts';

/** The worker is stopped at this object, so that the kill surely meets it in the middle of its step. */
const HELD_AT = 'apply.Deployment.currencyservice';

/** Exactly the plan is carried out, while the worker that applies it is killed with SIGKILL. */
export async function deployThroughKill(stage: Stage, set: DeploySet, plan: string): Promise<void> {
  const { lab, user, view } = set;
  stage.chapter('Deploying exactly this plan, and killing the worker while it applies');
  const holds = await Holds.create(lab.dir);
  await set.worker.stop();
  set.worker = await lab.startWorker({ script: HOLDING_WORKER, env: holds.env });
  const hold = await holds.hold(view.namespace, HELD_AT, 'before');
  let held = false;
  const reached = hold.reached().then(
    () => {
      held = true;
    },
    (error: Error) => stage.fail(error.message),
  );
  let seen = -1;
  let before: KubeObject[] | undefined;
  const id = operationOf(await user.call('POST', '/api/v1/deployments', { plan }));
  const operation = await stage.follow(user, id, async () => {
    if (!held || before) return;
    const there = await shopObjects(view);
    // The others of its wave are on their way: it is killed when no more come.
    if (there.length !== seen) {
      seen = there.length;
      return;
    }
    before = there;
    await killWorker(stage, set, there);
  });
  await reached;
  await hold.release();
  const apply = operation.steps.find((step) => step.name === 'apply');
  const after = await shopObjects(view);
  const madeAgain = (before ?? []).filter((object) => !after.some((now) => isSame(object, now)));
  if (stage.deployment.kill) Object.assign(stage.deployment.kill, { attempts: apply?.attempt ?? 0, madeAgain: madeAgain.length });
  stage.claim(operation.state === 'succeeded', 'another worker took the step up, and the operation succeeded');
  stage.claim(apply?.attempts[0]?.outcome === 'worker_lost', 'the lost attempt is on record');
  stage.claim(
    (before?.length ?? 0) > 0 && madeAgain.length === 0,
    `the ${before?.length ?? 0} objects that were there are the same: same uid, same generation`,
  );
}

async function killWorker(stage: Stage, set: DeploySet, before: KubeObject[]): Promise<void> {
  const { pid } = set.worker;
  const names = before.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  stage.detail(`!! ${names.length} objects are there (${names.join(', ')}); currencyservice is next`);
  const { signal } = await set.worker.kill();
  stage.kills += 1;
  set.worker = await set.lab.startWorker();
  stage.detail(`!! worker ${pid} is gone (${signal}); worker ${set.worker.pid} is there now`);
  stage.deployment.kill = {
    ...{ worker: pid, successor: set.worker.pid, step: 'apply' },
    ...{ attempts: 0, objectsBefore: before.length, madeAgain: 0 },
  };
}

async function shopObjects(view: ClusterView): Promise<KubeObject[]> {
  return (await view.objects()).filter(({ metadata }) => metadata.labels?.[DEPLOYMENT_LABEL] === 'shop');
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.generation === b.metadata.generation;
}
