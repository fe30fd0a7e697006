import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { ChandleryError } from '../domain/errors.ts';

/**
 * Below the range from which systems take the source port of an outgoing connection (32768 up). A child must be able to come back
 * on its port; from inside that range, a client that reconnects to a dead child can be given that very port and keep it.
 */
const PORT_RANGE = { first: 20_000, beyond: 32_000 } as const;
/** A random port is free nearly always; so many misses mean that binding is not possible at all. */
const MAX_TRIES = 50;

const given = new Set<number>();

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A free port on 127.0.0.1 that this process has not handed out before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(PORT_RANGE.first, PORT_RANGE.beyond);
    if (given.has(port) || !(await canBind(port))) continue;
    given.add(port);
    return port;
  }
  throw new ChandleryError(
    'internal',
    `no free port on 127.0.0.1 between ${PORT_RANGE.first} and ${PORT_RANGE.beyond - 1} in ${MAX_TRIES} tries`,
  );
}
