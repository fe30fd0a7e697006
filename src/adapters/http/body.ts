import type { Readable } from 'node:stream';
import { ChandleryError } from '../../domain/errors.ts';
import { bodyFailure, type FailureContext, protocolFailure } from './failures.ts';

/** Nesting no honest answer of the protocol reaches; deeper JSON only costs stack. */
const MAX_JSON_DEPTH = 64;

export interface BodyLimits {
  maxBytes: number;
  context: FailureContext;
  /** Called once, when the body has ended in any way, with the bytes that came. */
  onEnd: (bytes: number) => void;
  /** Maps a failure of the stream; the caller's abort and the total timeout are told apart there. */
  onError: (error: unknown) => unknown;
}

/** Passes the body through while counting. Fails with too_large past the limit, network when it breaks off. */
export async function* limitedBody(source: Readable, limits: BodyLimits): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0;
  try {
    for await (const chunk of source) {
      seen += (chunk as Uint8Array).byteLength;
      if (seen > limits.maxBytes) throw tooLarge(limits.maxBytes, limits.context);
      yield chunk as Uint8Array;
    }
  } catch (error) {
    throw limits.onError(error);
  } finally {
    limits.onEnd(seen);
    source.destroy();
  }
}

/** Fails with too_large before a byte is read when the announced length is over the limit. */
export function checkAnnounced(size: number | undefined, limits: Pick<BodyLimits, 'maxBytes' | 'context'>): void {
  if (size !== undefined && size > limits.maxBytes) throw tooLarge(limits.maxBytes, limits.context);
}

function tooLarge(maxBytes: number, context: FailureContext): ChandleryError {
  return bodyFailure(new ChandleryError('too_large', `${context.url}: the answer is larger than ${maxBytes} bytes`), context);
}

/** Reads a body as JSON. Fails with registry_invalid when it is not UTF-8, not JSON or nested too deeply. */
export async function readJson(body: AsyncIterable<Uint8Array>, context: FailureContext): Promise<unknown> {
  return parseJson(await readBytes(body), context);
}

/** A whole body; the client's limit bounds it. */
export async function readBytes(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Fails with registry_invalid when the bytes are not UTF-8, not JSON or nested too deeply. */
export function parseJson(bytes: Uint8Array, context: FailureContext): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (jsonDepth(text) > MAX_JSON_DEPTH) throw protocolFailure(`the JSON is nested deeper than ${MAX_JSON_DEPTH}`, context);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof ChandleryError) throw error;
    throw protocolFailure('the answer is not JSON', context);
  }
}

/** Deepest nesting of brackets outside strings; counted before parsing, because parsing is what deep input attacks. */
function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (char === '}' || char === ']') depth -= 1;
  }
  return deepest;
}
