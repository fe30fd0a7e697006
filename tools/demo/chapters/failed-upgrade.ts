import type { KubeObject } from '../../../src/domain/cluster.ts';
import type { RevisionRecord } from '../../../src/domain/deployment.ts';
import type { DeploySet } from '../deploy-set.ts';
import { deploymentPath, operationOf } from '../deploy-set.ts';
import type { Stage } from '../stage.ts';

/** In the local cluster an image of this name can never be pulled. */
const BAD_IMAGE = 'registry.example.org/storefront:never-ready';
/** The demo has seen enough by then. */
const READY_SECONDS = 4;

/** An upgrade that does not get ready: it says why, and the deployment is what it was before. */
export async function failedUpgrade(stage: Stage, { user, view }: DeploySet): Promise<void> {
  stage.chapter(`Upgrading web-app to an image that does not exist, with ${READY_SECONDS} seconds to get ready`);
  const good = await imageOf(await view.objects());
  const request = { parameters: { image: BAD_IMAGE }, readySeconds: READY_SECONDS };
  let shown = '';
  const failed = await stage.follow(
    user,
    operationOf(await user.call('PATCH', deploymentPath('web-app'), request)),
    async (operation) => {
      const waitingFor = operation.steps.find((step) => step.name === 'wait-ready' && step.state === 'running')?.waitingFor;
      if (waitingFor === undefined || waitingFor === '' || waitingFor === shown) return;
      shown = waitingFor;
      stage.detail(`${''.padEnd(21)} waiting for ${waitingFor}`);
    },
  );
  const undone = failed.steps.some((step) => step.name === 'apply' && step.undone);
  const image = imageOf(await view.objects());
  stage.deployment.failedUpgrade = {
    ...{ code: failed.failure?.code ?? '', message: failed.failure?.message ?? '' },
    ...{ undone, image },
  };
  stage.claim(failed.failure?.code === 'not_ready', 'it failed, and names the object, the reason and the image');
  stage.claim(undone && image === good, `it went back by itself: the image is ${image}`);
  await showRevisions(stage, user);
}

async function showRevisions(stage: Stage, user: DeploySet['user']): Promise<void> {
  const found: NonNullable<Stage['deployment']['revisions']> = [];
  for (const deployment of ['shop', 'web-app']) {
    const { body } = await user.get(`${deploymentPath(deployment)}/revisions`);
    for (const { number, state, kind, template } of (body.revisions as RevisionRecord[]).toReversed())
      found.push({ deployment, number, state, kind, template: `${template.name}@${template.version}` });
  }
  for (const { deployment, number, state, kind, template } of found)
    stage.detail(`${deployment.padEnd(8)} revision ${number}  ${state.padEnd(10)} ${kind.padEnd(8)} ${template}`);
  stage.deployment.revisions = found;
  const states = (name: string) => found.filter(({ deployment }) => deployment === name).map(({ state }) => state);
  stage.claim(
    states('shop').join() === 'superseded,current' && states('web-app').join() === 'current,undone',
    'the failed revision is on record as undone, and the one before it is the current one',
  );
}

function imageOf(objects: KubeObject[]): string {
  const object = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'web-app');
  const spec = object?.spec as { template?: { spec?: { containers?: Array<{ image?: string }> } } } | undefined;
  return spec?.template?.spec?.containers?.[0]?.image ?? 'gone';
}
