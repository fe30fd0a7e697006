import { ChandleryError } from '../../domain/errors.ts';
import type { Stream } from './transport.ts';
import { protocolFailure, tooLargeFailure } from './wire-failures.ts';

const NEWLINE = 0x0a;

/**
 * The JSON values of a stream, one per line. Ends when the stream ends properly. Fails with `too_large` for a longer line,
 * `cluster_unavailable` when nothing comes for `silenceMs`, or as the stream fails.
 */
export async function* jsonLines(
  stream: Stream,
  { maxBytes, silenceMs }: { maxBytes: number; silenceMs: number },
): AsyncGenerator<unknown, void, undefined> {
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const chunk of chunksOf(stream, silenceMs)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pieces.push(chunk.subarray(start, end));
      if (held + end - start > maxBytes) throw tooLargeFailure(stream.server, maxBytes);
      const line = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
      pieces = [];
      held = 0;
      start = end + 1;
      if (line.length > 0) yield parse(line, stream.server);
    }
    if (start < chunk.length) {
      pieces.push(chunk.subarray(start));
      held += chunk.length - start;
      if (held > maxBytes) throw tooLargeFailure(stream.server, maxBytes);
    }
  }
}

async function* chunksOf(stream: Stream, silenceMs: number): AsyncGenerator<Buffer, void, undefined> {
  const source = stream.response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const next = await nextChunk(source, stream, silenceMs);
    if (next.done) break;
    yield next.value;
  }
  // A body that was cut off ends without an error on some paths.
  if (!stream.response.complete) throw stream.failure(new Error('the watch broke off'));
}

/** The clock runs only while we wait: a slow reader is not a silent server. */
async function nextChunk(source: AsyncIterator<Buffer>, stream: Stream, silenceMs: number): Promise<IteratorResult<Buffer>> {
  const timer = setTimeout(() => stream.stop(silence(stream.server, silenceMs)), silenceMs);
  try {
    return await source.next();
  } catch (error) {
    throw stream.failure(error);
  } finally {
    clearTimeout(timer);
  }
}

function silence(server: string, ms: number): ChandleryError {
  return new ChandleryError('cluster_unavailable', `the cluster at ${server} has sent nothing for ${ms / 1000} s`);
}

function parse(line: Buffer, server: string): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    throw protocolFailure(server, 'a line of a watch is not JSON');
  }
}
