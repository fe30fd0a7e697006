import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createEngine } from '../../src/client/engine.ts';
import { readConfig } from '../../src/config.ts';
import { CHECK_REGISTRIES, RECHECK_INSTALLED, SWEEP_STORE } from '../../workflows/names.ts';
import { endedIn } from './direct.ts';
import type { Studio } from './studio.ts';

/** Plays one scene and answers the history itself, as JSON: these runs are no operations, and the API knows nothing of them. */
type EngineTake = (studio: Pick<Studio, 'shop' | 'withWorker' | 'client'>) => Promise<string>;

/** Runs a workflow as its Schedule would, to its end. */
async function runOf({ shop }: Pick<Studio, 'shop'>, workflow: string, workflowId: string): Promise<string> {
  const { temporalNamespace: namespace, taskQueue } = readConfig(shop.lab.env);
  const engine = createEngine({ address: shop.lab.engine.temporalAddress, namespace, taskQueue });
  try {
    const run = await engine.client.workflow.start(workflow, { taskQueue, workflowId, args: [] });
    await run.result();
    return historyToJSON(await run.fetchHistory());
  } finally {
    await engine.connection.close();
  }
}

/** One round of the checks: of the server's own registry, and of one that answers or does not. */
const checked =
  (isAway: boolean): EngineTake =>
  (studio) =>
    studio.withWorker(async () => {
      studio.shop.registry.setFaults(isAway ? [{ kind: 'status', status: 503 }] : []);
      try {
        return await runOf(studio, CHECK_REGISTRIES, `take-check-${isAway}`);
      } finally {
        studio.shop.registry.setFaults([]);
      }
    });

/** A round of the sweep that finds nothing. */
const swept: EngineTake = (studio) => studio.withWorker(() => runOf(studio, SWEEP_STORE, 'take-sweep'));

/** A look at three archives that nobody has looked at since they were installed. */
const rechecked: EngineTake = (studio) =>
  studio.withWorker(async () => {
    await endedIn(studio, await studio.client.install('take-recheck', 'shop'), 'succeeded');
    return await runOf(studio, RECHECK_INSTALLED, 'take-recheck');
  });

export const ENGINE_TAKES: Record<string, EngineTake> = {
  'check-registries-healthy': checked(false),
  'check-registries-failing': checked(true),
  'sweep-store': swept,
  'recheck-installed': rechecked,
};
