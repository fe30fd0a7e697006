import type { IncomingMessage } from 'node:http';
import type { V1Status } from '@kubernetes/client-node';
import type { WebSocket } from 'ws';
import { ChandleryError } from '../../domain/errors.ts';
import type { Target } from './connections.ts';
import { replyFailure } from './failures.ts';
import { LIMITS } from './limits.ts';
import { objectPath } from './paths.ts';
import { PODS, podAsked } from './pods.ts';
import type { SessionContext } from './session-context.ts';
import type { Reply } from './transport.ts';
import { connectionFailure, tooLargeFailure } from './wire-failures.ts';

export interface ExecTarget {
  namespace: string;
  pod: string;
  container: string;
  command: readonly string[];
  /** All of what the command reads; its input is closed after it. */
  stdin?: string | Uint8Array;
  /** ms for the whole command; default 60 s */
  timeoutMs?: number;
}

export interface ExecResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** Only v5 can close stdin; under v4 a command that reads to the end would never end. */
const PROTOCOL = 'v5.channel.k8s.io';
/** The first byte of each message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const;

/**
 * Runs a command in a container over a WebSocket and waits for its end. Fails with `forbidden`, `object_invalid` (no such pod or
 * container), `cluster_unfit` (a server without v5.channel.k8s.io), `too_large` (more output than 1 MiB), `deadline_exceeded`,
 * `cluster_unavailable` or the signal's reason. A command that ends with another code than 0 is a result.
 */
export async function execInPod(
  session: SessionContext,
  target: ExecTarget,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ExecResult> {
  const path = execPath(target);
  const server = await session.transport.target(signal);
  const { WebSocket: Socket } = await import('ws');
  const socket = new Socket(`${server.server.replace(/^https/, 'wss')}${server.basePath}${path}`, [PROTOCOL], {
    agent: server.streams,
    headers: { ...server.headers, ...session.headers } as Record<string, string>,
    handshakeTimeout: LIMITS.requestMs,
    maxPayload: LIMITS.execBytes,
    perMessageDeflate: false,
    followRedirects: false,
  });
  return converse(socket, { session, target, server, signal });
}

interface Conversation {
  session: SessionContext;
  target: ExecTarget;
  server: Target;
  signal: AbortSignal | undefined;
}

function converse(socket: WebSocket, { session, target, server, signal }: Conversation): Promise<ExecResult> {
  const asked = podAsked(session, 'create', 'exec', target.namespace, target.pod);
  const timeoutMs = target.timeoutMs ?? LIMITS.execMs;
  const output = new Output(server.server);
  return new Promise<ExecResult>((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      act();
      socket.terminate();
    };
    const fail = (reason: unknown) => settle(() => reject(reason));
    const onAbort = () => fail(signal?.reason);
    const timer = setTimeout(() => fail(overtime(timeoutMs)), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => fail(handshakeFailure(server.server, error)));
    socket.on('unexpected-response', (_request, response) => {
      readRefusal(response).then((reply) => fail(replyFailure(reply, asked)), fail);
    });
    socket.on('open', () => sendInput(socket, target.stdin));
    socket.on('close', () => fail(connectionFailure(server.server, new Error('the command was cut off'))));
    socket.on('message', (data: Buffer) => {
      try {
        const status = output.take(data);
        if (status) settle(() => resolve({ ...output.text(), exitCode: exitCodeOf(status, asked) }));
      } catch (error) {
        fail(error);
      }
    });
  });
}

/** Collects the channels, each up to its bound. */
class Output {
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #seen = [0, 0, 0];
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  /** Answers the status that ends the command, once it comes. */
  take(message: Buffer): V1Status | undefined {
    const channel = message[0];
    const data = message.subarray(1);
    if (channel === CHANNEL.error) return JSON.parse(data.toString('utf8'));
    if (channel === CHANNEL.stdout || channel === CHANNEL.stderr) {
      this.#seen[channel] = (this.#seen[channel] ?? 0) + data.length;
      if ((this.#seen[channel] ?? 0) > LIMITS.execBytes) throw tooLargeFailure(this.#server, LIMITS.execBytes);
      (channel === CHANNEL.stdout ? this.#stdout : this.#stderr).push(data);
    }
    return undefined;
  }

  text(): { stdout: string; stderr: string } {
    return { stdout: Buffer.concat(this.#stdout).toString('utf8'), stderr: Buffer.concat(this.#stderr).toString('utf8') };
  }
}

function execPath({ namespace, pod, container, command, stdin }: ExecTarget): string {
  const parameters = new URLSearchParams({ container, stdout: 'true', stderr: 'true' });
  if (stdin !== undefined) parameters.set('stdin', 'true');
  for (const word of command) parameters.append('command', word);
  return `${objectPath(PODS, namespace, pod)}/exec?${parameters}`;
}

function sendInput(socket: WebSocket, stdin: string | Uint8Array | undefined): void {
  if (stdin === undefined) return;
  const data = typeof stdin === 'string' ? Buffer.from(stdin, 'utf8') : stdin;
  socket.send(Buffer.concat([Buffer.of(CHANNEL.stdin), data]));
  socket.send(Buffer.of(CHANNEL.close, CHANNEL.stdin));
}

function exitCodeOf(status: V1Status, asked: Parameters<typeof replyFailure>[1]): number {
  if (status.status === 'Success') return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (status.reason === 'NonZeroExitCode' && code !== undefined) return Number(code);
  const body = Buffer.from(JSON.stringify(status));
  throw replyFailure({ status: status.code ?? 500, headers: {}, body }, asked);
}

/** An answer to the upgrade that is not one; its body is a Status. */
async function readRefusal(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  let seen = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    seen += chunk.length;
    if (seen > LIMITS.errorBytes) break;
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

function handshakeFailure(server: string, error: Error): ChandleryError {
  if (!/subprotocol/.test(error.message)) return connectionFailure(server, error);
  return new ChandleryError(
    'cluster_unfit',
    `the cluster at ${server} does not speak ${PROTOCOL}; it needs Kubernetes 1.30 or later`,
  );
}

function overtime(timeoutMs: number): ChandleryError {
  return new ChandleryError('deadline_exceeded', `the command did not end within ${timeoutMs / 1000} s`);
}
