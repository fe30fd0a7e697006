import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { streamOperation } from '../../src/api/operation-stream.ts';
import type { OperationFrame } from '../../src/client/watch.ts';

/** Far more than sockets and streams hold between them. */
const FRAMES = 400;
const FRAME_BYTES = 100_000;

describe('the events of an operation', () => {
  it('wait for a reader that does not read, and all reach him when he does', async () => {
    let made = 0;
    const watch = async function* (): AsyncGenerator<OperationFrame, undefined> {
      for (; made < FRAMES; made += 1) yield { operation: { detail: 'x'.repeat(FRAME_BYTES) } } as unknown as OperationFrame;
      return undefined;
    };
    const app = express();
    const stopping = new AbortController();
    app.get('/:id/events', (request, response) => streamOperation({ watch }, request, response, stopping.signal));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const reply = await new Promise<IncomingMessage>((resolve, reject) => {
        get({ host: '127.0.0.1', port, path: '/any/events' }, resolve).once('error', reject);
      });
      await sleep(300);
      const before = made;
      await sleep(200);
      expect(made).toBe(before);
      expect(made).toBeLessThan(FRAMES);
      let text = '';
      for await (const chunk of reply) text += chunk;
      expect(text.match(/event: operation/g)).toHaveLength(FRAMES);
      expect(text.endsWith('event: end\ndata: {}\n\n')).toBe(true);
    } finally {
      stopping.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }, 20_000);
});
