/** Server-sent events, as far as the API uses them. */

export interface ServerEvent {
  event: string;
  data: string;
  id?: string;
}

/** Characters of one event; an operation of a hundred steps is a tenth of this. */
const MAX_EVENT_LENGTH = 4 * 1024 * 1024;

/** Reads events from a body. Comments (keep-alives) only show that the stream lives: they are given as undefined. Fails on an event that is too long. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent | undefined, void, undefined> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    const blocks = pending.replaceAll('\r\n', '\n').split('\n\n');
    pending = blocks.pop() ?? '';
    if (pending.length > MAX_EVENT_LENGTH)
      throw new Error(`an event of the stream is longer than ${MAX_EVENT_LENGTH} characters`);
    for (const block of blocks) yield parseEvent(block);
  }
}

function parseEvent(block: string): ServerEvent | undefined {
  const fields = block.split('\n').map((line) => /^(event|data|id): ?(.*)$/.exec(line));
  const values = (name: string) => fields.filter((field) => field?.[1] === name).map((field) => field?.[2] ?? '');
  const data = values('data');
  const id = values('id').at(-1);
  if (data.length === 0) return undefined;
  return { event: values('event').at(-1) ?? 'message', data: data.join('\n'), ...(id !== undefined && { id }) };
}
