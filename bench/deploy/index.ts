import type { Cleanup } from '../cleanup.ts';
import { describeLoad, describeParts } from '../environment.ts';
import type { Reporter } from '../reporter.ts';
import { describeFifty } from './fifty.ts';
import { FIFTY, THREE } from './objects.ts';
import { openDeployStage } from './stage.ts';
import { measureThree } from './three.ts';

/** The figures of stage 2: deploying to a cluster, against Helm and against bare requests. */
export async function runDeploy(report: Reporter): Promise<void> {
  await report.group(['deploy-3', 'apply-3'], (cleanup) => onCluster(report, cleanup));
}

async function onCluster(report: Reporter, cleanup: Cleanup): Promise<void> {
  const deploy = await openDeployStage([THREE, FIFTY], { log: (line) => report.note(line), cleanup });
  for (const line of await describeParts(deploy.stage.lab.engine)) report.note(line);
  report.note(`${deploy.helm.plain.name}, ${await deploy.describeCluster()}, ${describeLoad()}`);
  const { figures, notes } = await measureThree(deploy);
  for (const figure of figures) report.figure(figure);
  for (const note of notes) report.note(note);
  for (const note of await describeFifty(deploy)) report.note(note);
}
