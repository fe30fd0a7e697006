import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Chain } from './authority.ts';

/** A terminator of TLS on loopback: what stands before a server that itself speaks plain http. */
export interface TlsFront {
  /** `https://localhost:port` */
  url: string;
  /** Where connections are led, `http://127.0.0.1:port`. Until this was said they wait. */
  lead(to: string): void;
  /** Shows another certificate from now on, and ends the connections that saw the one before. */
  show(chain: Chain): void;
  close(): Promise<void>;
}

export async function startTlsFront(chain: Chain): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  let target: URL | undefined;
  let said: () => void = () => undefined;
  const known = new Promise<void>((resolve) => {
    said = resolve;
  });
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // Either side may go away at any time; that is what is tested.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer(chain, async (outer) => {
    keep(outer);
    outer.pause();
    await known;
    if (outer.destroyed || !target) return;
    const inner = connect(Number(target.port), target.hostname);
    keep(inner);
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
    outer.pipe(inner).pipe(outer);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    lead(to) {
      target = new URL(to);
      said();
    },
    show(next) {
      server.setSecureContext(next);
      endAll();
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      endAll();
      await closed;
    },
  };
}
