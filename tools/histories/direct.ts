import type { Studio } from './studio.ts';

/** What the scenes of several takes do. */

export async function endedIn(studio: Pick<Studio, 'client'>, id: string, state: string): Promise<string> {
  const operation = await studio.client.ended(id);
  if (operation.state !== state)
    throw new Error(`${id} ended ${operation.state} instead of ${state}: ${JSON.stringify(operation.failure)}`);
  return id;
}

export async function cancel(studio: Studio, id: string): Promise<void> {
  await studio.client.call('POST', `/api/v1/operations/${id}/cancel`);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
