import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createEngine } from '../../src/client/engine.ts';
import { readConfig } from '../../src/config.ts';
import { CHECK_REGISTRIES, SWEEP_STORE } from '../../workflows/names.ts';
import type { Studio } from './studio.ts';

/** Plays one scene and answers the history itself, as JSON: these runs are no operations, and the API knows nothing of them. */
type EngineTake = (studio: Pick<Studio, 'shop' | 'withWorker'>) => Promise<string>;

/** One round of the checks: of the server's own registry, and of one that answers or does not. */
const checked =
  (isAway: boolean): EngineTake =>
  (studio) =>
    studio.withWorker(async () => {
      const { temporalNamespace: namespace, taskQueue } = readConfig(studio.shop.lab.env);
      const engine = createEngine({ address: studio.shop.lab.engine.temporalAddress, namespace, taskQueue });
      studio.shop.registry.setFaults(isAway ? [{ kind: 'status', status: 503 }] : []);
      try {
        const run = await engine.client.workflow.start(CHECK_REGISTRIES, {
          taskQueue,
          workflowId: `take-check-${isAway}`,
          args: [],
        });
        await run.result();
        return historyToJSON(await run.fetchHistory());
      } finally {
        studio.shop.registry.setFaults([]);
        await engine.connection.close();
      }
    });

/** A round of the sweep that finds nothing. */
const swept: EngineTake = (studio) =>
  studio.withWorker(async () => {
    const { temporalNamespace: namespace, taskQueue } = readConfig(studio.shop.lab.env);
    const engine = createEngine({ address: studio.shop.lab.engine.temporalAddress, namespace, taskQueue });
    try {
      const run = await engine.client.workflow.start(SWEEP_STORE, { taskQueue, workflowId: 'take-sweep', args: [] });
      await run.result();
      return historyToJSON(await run.fetchHistory());
    } finally {
      await engine.connection.close();
    }
  });

export const ENGINE_TAKES: Record<string, EngineTake> = {
  'check-registries-healthy': checked(false),
  'check-registries-failing': checked(true),
  'sweep-store': swept,
};
