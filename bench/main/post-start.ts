import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { parseOperationId, targetId } from '../../src/domain/operation.ts';
import type { InstallInput } from '../../workflows/messages.ts';
import { WORKFLOW_TYPES } from '../../workflows/names.ts';
import type { Figure } from '../figures.ts';
import { measurePairs } from '../pairs.ts';
import type { Stage } from '../stage.ts';
import { inputOf, optionsFor } from '../stage.ts';

const GOAL = 1.15;
const ROUNDS = 75;
const WARM_UP = 30;
/** After an operation has ended the engine still moves its records about; the next start must not wait for that, milliseconds. */
const SETTLE_MS = 20;

const NAMESPACE = 'post-start';
/** A template without dependencies. */
export const TINY = 'tiny';

/**
 * Time until a request that starts an install is accepted, over HTTP against a bare start of the same workflow with the same payload.
 * The template is installed already, and each operation is waited for, so that the worker has as much to do after either.
 */
export async function measurePostStart({ api, connect }: Stage): Promise<{ figure: Figure; input: InstallInput }> {
  const engine = connect();
  const first = await api.install(NAMESPACE, TINY);
  await api.ended(first);
  const input = await inputOf(engine, first);
  const http = new Client(api.url);
  const over = async (runId: string) => {
    await engine.client.workflow.getHandle(targetId(input.target), runId).result();
    await sleep(SETTLE_MS);
  };

  const post = async () => {
    const startedAt = performance.now();
    const { statusCode, body } = await http.request({
      method: 'POST',
      path: '/api/v1/installs',
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ namespace: NAMESPACE, ref: TINY }),
    });
    const { operation } = (await body.json()) as { operation: string };
    const took = performance.now() - startedAt;
    if (statusCode !== 202) throw new Error(`the install was answered with ${statusCode}`);
    await over(parseOperationId(operation)?.runId ?? '');
    return took;
  };

  const bareStart = async () => {
    const startedAt = performance.now();
    const handle = await engine.client.workflow.start(WORKFLOW_TYPES.install, optionsFor(engine, input));
    const took = performance.now() - startedAt;
    await over(handle.firstExecutionRunId);
    return took;
  };

  const { ours, peer, ratio } = await measurePairs({ ours: post, peer: bareStart, rounds: ROUNDS, warmUp: WARM_UP });
  await http.close();
  return { figure: { name: 'post-start', value: ours, unit: 'ms', peer: { value: peer, ratio }, goal: GOAL }, input };
}
