import { describe, expect, it } from '@jest/globals';
import { readEvents } from '../../src/cli/sse.ts';

async function read(...chunks: string[]) {
  async function* body() {
    for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
  }
  const events = [];
  for await (const event of readEvents(body())) if (event) events.push(event);
  return events;
}

describe('readEvents', () => {
  it('reads events cut anywhere, with either line end', async () => {
    const text =
      'retry: 1000\r\n\r\n: hello\n\nid: a:1\r\nevent: operation\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: end\ndata: {}\n\n';
    const wanted = [
      { event: 'operation', data: '{"a":\n1}', id: 'a:1' },
      { event: 'end', data: '{}' },
    ];
    expect(await read(text)).toEqual(wanted);
    expect(await read(...text)).toEqual(wanted);
  });

  it('joins a character that was cut in two', async () => {
    const bytes = Buffer.from('data: é\n\n').toString('latin1');
    expect(await read(bytes.slice(0, 7), bytes.slice(7))).toEqual([{ event: 'message', data: 'é' }]);
  });

  it('gives nothing for an event that was never finished', async () => {
    expect(await read('data: half')).toEqual([]);
  });

  it('fails on an event without end', async () => {
    await expect(read('data: ', ...Array.from({ length: 5 }, () => 'x'.repeat(1024 * 1024)))).rejects.toThrow('longer than');
  });
});
