import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { OperationsClient } from '../client/index.ts';
import type { OperationFrame } from '../client/watch.ts';

/** A comment this often keeps proxies from closing a quiet stream, milliseconds. */
const KEEP_ALIVE_MS = 15_000;
/** A reader whose connection broke comes back after this long, milliseconds. */
const RECONNECT_MS = 1_000;

/** Server-sent events of one operation: each frame is the whole operation, so a reader may miss any number of them. */
export async function streamOperation(
  operations: Pick<OperationsClient, 'watch'>,
  request: Request<{ id: string }>,
  response: Response,
  stopping: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const after = request.get('last-event-id');
  const signal = AbortSignal.any([gone.signal, stopping]);
  const frames = operations.watch(request.params.id, {
    signal,
    ...(after !== undefined && { after }),
  });
  // Read before the headers go out: an unknown operation is a 404, not an empty stream.
  let frame = await frames.next();
  response.status(200).set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  response.write(`retry: ${RECONNECT_MS}\n\n`);
  const keepAlive = setInterval(() => response.write(': still here\n\n'), KEEP_ALIVE_MS);
  try {
    for (; !frame.done; frame = await frames.next()) {
      // A frame a second for hours: for a reader that does not read they must not pile up here.
      if (!response.write(toText(frame.value))) await once(response, 'drain', { signal }).catch(() => undefined);
    }
    if (!stopping.aborted) response.write('event: end\ndata: {}\n\n');
  } finally {
    clearInterval(keepAlive);
    response.end();
  }
}

function toText({ id, operation }: OperationFrame): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: operation\ndata: ${JSON.stringify(operation)}\n\n`;
}
