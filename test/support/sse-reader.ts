import type { OperationView } from '../../src/domain/operation.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';

export interface SseFrame {
  id?: string;
  event?: string;
  operation: OperationView;
}

/** Follows an operation's events as a browser would. Ends with the stream; a connection that breaks fails it. */
export async function* followEvents(api: ApiClient, id: string, lastEventId?: string): AsyncGenerator<SseFrame> {
  const response = await fetch(`${api.url}/api/v1/operations/${id}/events`, {
    headers: { authorization: `Bearer ${api.token}`, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
  });
  if (response.status !== 200 || !response.body) throw new Error(`${response.status} ${await response.text()}`);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
      );
      if (fields.event !== undefined)
        yield {
          event: fields.event,
          operation: JSON.parse(fields.data ?? '{}'),
          ...(fields.id && { id: fields.id }),
        };
    }
  }
}
