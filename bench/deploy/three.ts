import type { OperationView } from '../../src/domain/operation.ts';
import type { Figure } from '../figures.ts';
import { median, round } from '../figures.ts';
import { comparePairs, measureInTurn } from '../pairs.ts';
import { historyOf } from '../stage.ts';
import { FIRST_TEXT, THREE } from './objects.ts';
import { objectsIn } from './raw.ts';
import type { DeployStage } from './stage.ts';
import { NAMESPACES } from './stage.ts';
import { describeSteps, stepTimes } from './step-times.ts';

const DEPLOY_GOAL = 0.7;
const APPLY_GOAL = 3;
const ROUNDS = 15;
const WARM_UP = 5;

/** Request to ready of three objects against `helm install --wait`, and the step that applies them against bare patches of the same. */
export async function measureThree(deploy: DeployStage): Promise<{ figures: Figure[]; notes: string[] }> {
  const { stage, chandlery, helm, raw, watch } = deploy;
  let count = 0;
  const nextName = () => `three-${++count}`;
  const readyAt = (namespace: string, name: string) => watch.readyAt(objectsIn(namespace, THREE, { name, text: FIRST_TEXT }));

  const ours = async () => {
    const name = nextName();
    const { ms, operation } = await chandlery.deploy(name, THREE);
    const lag = endOf(operation, 'wait-ready') - (await readyAt(NAMESPACES.ours, name));
    await chandlery.destroy(name);
    return { ms, lag, apply: tookOf(operation, 'apply'), id: operation.id };
  };
  const peer = async () => {
    const name = nextName();
    const ms = await helm.plain.install(name, THREE);
    const lag = Date.now() - (await readyAt(NAMESPACES.helm, name));
    await helm.plain.uninstall(name);
    await raw.gone(NAMESPACES.helm, name, THREE);
    return { ms, lag };
  };
  const floor = async () => {
    const name = nextName();
    const times = await raw.apply(name, THREE);
    await raw.remove(name, THREE);
    return times;
  };

  const measured = await measureInTurn({ ours, peer, floor }, { rounds: ROUNDS, warmUp: WARM_UP });
  const whole = comparePairs(
    measured.ours.map(({ ms }) => ms),
    measured.peer.map(({ ms }) => ms),
  );
  const apply = comparePairs(
    measured.ours.map((run) => run.apply),
    measured.floor.map(({ patches }) => patches),
  );
  const engine = stage.connect();
  const runs = [];
  for (const { id } of measured.ours) runs.push(stepTimes(await historyOf(engine, id)));
  const medianOf = (list: ReadonlyArray<{ lag: number }>) => round(median(list.map(({ lag }) => lag)));
  return {
    figures: [
      { name: 'deploy-3', value: whole.ours, unit: 'ms', peer: { value: whole.peer, ratio: whole.ratio }, goal: DEPLOY_GOAL },
      { name: 'apply-3', value: apply.ours, unit: 'ms', peer: { value: apply.peer, ratio: apply.ratio }, goal: APPLY_GOAL },
    ],
    notes: [
      `deploy-3: bare patches and a watch until ready ${round(median(measured.floor.map(({ ready }) => ready)))} ms`,
      `deploy-3: after a watch beside saw it ready, our wait-ready ended ${medianOf(measured.ours)} ms and Helm's process ${medianOf(measured.peer)} ms later`,
      `deploy-3: ms of each step in the queue + in the worker + until the next is scheduled: ${describeSteps(runs)}`,
    ],
  };
}

function tookOf(operation: OperationView, name: string): number {
  const step = operation.steps.find((candidate) => candidate.name === name);
  return Date.parse(step?.endedAt ?? '') - Date.parse(step?.startedAt ?? '');
}

function endOf(operation: OperationView, name: string): number {
  return Date.parse(operation.steps.find((step) => step.name === name)?.endedAt ?? '');
}
