import type { Socket } from 'node:net';

/** What undici 7 keeps beside a connection; not public, so nothing of it is taken for granted. */
interface Parser {
  paused: boolean;
  ptr: number | null;
  llhttp: { llhttp_resume(parser: number): void };
  resume(): void;
}

/**
 * Lets a server end a connection whose body is read slowly. undici pauses its parser while the reader is busy, and asserts that it is
 * not paused when the connection ends: any server that says `Connection: close` could end this process at a moment of its choosing
 * (nodejs/undici#5360; mended in 8, which needs Node 22). Must be called before undici is given the socket: its listeners come second.
 */
export function allowEndWhilePaused(socket: Socket): void {
  const release = () => releaseParser(socket);
  for (const event of ['end', 'error', 'close']) socket.on(event, release);
}

function releaseParser(socket: Socket): void {
  const parser = parserOf(socket);
  if (!parser?.paused) return;
  // Takes up what is left, so that a body that has come whole ends as it should. Does nothing on a socket that is gone.
  parser.resume();
  if (!parser.paused || parser.ptr === null) return;
  parser.llhttp.llhttp_resume(parser.ptr);
  parser.paused = false;
}

function parserOf(socket: Socket): Parser | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser');
  const parser: unknown = key && Reflect.get(socket, key);
  return isParser(parser) ? parser : undefined;
}

function isParser(value: unknown): value is Parser {
  return typeof value === 'object' && value !== null && 'paused' in value && 'ptr' in value && 'llhttp' in value;
}
