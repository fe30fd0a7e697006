import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createGuardedClient } from '../../../src/adapters/http/guarded-client.ts';

/** Far more than a stream holds before it asks its source to wait; bytes. */
const SIZE = 512 * 1024;
const BODY = Buffer.alloc(SIZE, 'a');
/** Of the pieces that the server sends; bytes. */
const PIECE = 16 * 1024;
const chunk = (data: Buffer) => Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);

interface Ending {
  head: string[];
  body: Buffer;
  end: (socket: Socket) => void;
}

const WHOLE: Record<string, Ending> = {
  'of a known length': { head: [`content-length: ${SIZE}`], body: BODY, end: (socket) => socket.end() },
  'in chunks': {
    head: ['transfer-encoding: chunked'],
    body: Buffer.concat([chunk(BODY), Buffer.from('0\r\n\r\n')]),
    end: (socket) => socket.end(),
  },
  'up to the end of the connection': { head: [], body: BODY, end: (socket) => socket.end() },
};

const CUT: Record<string, Ending> = {
  'a body of a known length': { head: [`content-length: ${SIZE + 1}`], body: BODY, end: (socket) => socket.end() },
  'a body in chunks': { head: ['transfer-encoding: chunked'], body: chunk(BODY), end: (socket) => socket.end() },
  'a connection that is reset': {
    head: [`content-length: ${SIZE + 1}`],
    body: BODY,
    end: (socket) => socket.resetAndDestroy(),
  },
};

let client: GuardedClient | undefined;
let server: Server | undefined;

afterEach(async () => {
  await client?.close();
  server?.close();
});

/** A server that says that it will close, sends all at once or in pieces, and closes. */
async function serve({ head, body, end }: Ending, pieces: boolean): Promise<string> {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', async () => {
      socket.write(`${['HTTP/1.1 200 OK', 'connection: close', ...head].join('\r\n')}\r\n\r\n`);
      for (let at = 0; pieces && at < body.length; at += PIECE)
        if (!socket.write(body.subarray(at, at + PIECE))) await once(socket, 'drain');
      if (!pieces) socket.write(body);
      // What was written is read slowly: whoever resets at once takes it away again.
      await sleep(50);
      end(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function readSlowly(url: string): Promise<number> {
  client = createGuardedClient({ development: true, allow: [] });
  const { body } = await client.request({ url, maxBytes: 2 * SIZE });
  let size = 0;
  // By now the stream is full, the parser waits, and the server has gone.
  await sleep(100);
  for await (const piece of body) {
    size += piece.length;
    await sleep(1);
  }
  return size;
}

describe('a server that ends the connection while its answer is read slowly', () => {
  describe.each([
    ['at once', false],
    ['in pieces', true],
  ])('and sent it %s', (_how, pieces) => {
    it.each(Object.keys(WHOLE))('has sent the whole of a body %s', async (name) => {
      await expect(readSlowly(await serve(WHOLE[name] as Ending, pieces))).resolves.toBe(SIZE);
    });

    it.each(Object.keys(CUT))('has cut %s, which is told', async (name) => {
      await expect(readSlowly(await serve(CUT[name] as Ending, pieces))).toFailWith('network');
    });
  });
});
