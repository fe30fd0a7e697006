import type { Finding, StreamScan, StreamScanner } from '../validation.ts';
import { hotRegions } from './hot-regions.ts';
import { ALLOW_COMMENT, findingOf } from './rule.ts';
import { tokensIn } from './token-rules.ts';

/** Looked at in one go; most files are smaller. Bytes. */
const WINDOW_BYTES = 256 * 1024;
/** What a scan begins with: an archive may have thousands of small files. Bytes. */
const FIRST_BYTES = 16 * 1024;
/** Part of a window that the next one sees again: longer than what any rule asks for, so that nothing is lost between two. Bytes. */
const OVERLAP_BYTES = 4 * 1024;
/** Of one file; the rest of it is as bad. */
const MAX_HITS = 100;
const UTF16_MARKS = [0xfffe, 0xfeff];
const LINE_FEED = 0x0a;

/** Secrets of known form in every byte of every file, with a window of memory. */
export const secretStream: StreamScanner = {
  id: 'secrets-stream',
  covers: 'keys and tokens in every file',
  version: '1',
  wants: (_path, size) => size > 0,
  open: (path) => new SecretScan(path),
};

class SecretScan implements StreamScan {
  readonly #path: string;
  readonly #found: Finding[] = [];
  /** The end of the window before, and what came since. One buffer for all windows: new ones would cost more than looking into them. */
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;
  #tail = 0;
  /** Line feeds before the tail. */
  #lines = 0;
  /** Hits up to this offset, counted from the beginning of the tail, were reported with the window before. */
  #seenUpTo = -1;
  #form: 'text' | 'wide' | 'binary' | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + this.#buffer.length - this.#length);
      this.#buffer.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length === this.#buffer.length) this.#full();
    }
  }

  end(): Finding[] {
    this.#look();
    return this.#found;
  }

  #full(): void {
    if (this.#buffer.length >= WINDOW_BYTES) {
      this.#look();
      return;
    }
    const larger = Buffer.allocUnsafe(this.#buffer.length * 4);
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  #look(): void {
    const window = this.#window();
    let seen = this.#seenUpTo;
    for (const [from, to] of hotRegions(window)) {
      // Bytes as characters: all rules are ASCII, and no byte is lost where the text is of another encoding.
      for (const { rule, index } of tokensIn(window.toString('latin1', from, to))) {
        const at = from + index;
        if (at <= this.#seenUpTo) continue;
        seen = Math.max(seen, at);
        if (this.#found.length >= MAX_HITS || isAllowed(window, at)) continue;
        const line = this.#lines + this.#feeds(window, at) + 1;
        this.#found.push(findingOf(this.#path, { rule: rule.id, severity: rule.severity, line, what: rule.what }));
      }
    }
    const cut = Math.max(0, window.length - OVERLAP_BYTES);
    this.#lines += this.#feeds(window, cut);
    this.#seenUpTo = seen - cut;
    this.#buffer.copyWithin(0, cut, window.length);
    this.#tail = window.length - cut;
    this.#length = this.#tail;
  }

  #window(): Buffer {
    const fresh = this.#buffer.subarray(this.#tail, this.#length);
    if (fresh.length > 0) this.#form ??= formOf(fresh);
    if (this.#form === 'wide') this.#length = this.#tail + narrowed(fresh);
    return this.#buffer.subarray(0, this.#length);
  }

  /** Lines of what is no text say nothing. */
  #feeds(window: Buffer, end: number): number {
    if (this.#form === 'binary') return 0;
    let count = 0;
    for (let at = window.indexOf(LINE_FEED); at >= 0 && at < end; at = window.indexOf(LINE_FEED, at + 1)) count += 1;
    return count;
  }
}

/** Leaves out the zeros, in place; answers how many bytes stay. */
function narrowed(bytes: Buffer): number {
  let kept = 0;
  for (const byte of bytes) if (byte !== 0) bytes[kept++] = byte;
  return kept;
}

function formOf(bytes: Buffer): 'text' | 'wide' | 'binary' {
  if (bytes.length >= 2 && UTF16_MARKS.includes(bytes.readUInt16BE(0))) return 'wide';
  return bytes.includes(0) ? 'binary' : 'text';
}

/** The comment on the same line or the one above; far away on a line without end it does not count. */
function isAllowed(window: Buffer, index: number): boolean {
  const start = Math.max(0, index - OVERLAP_BYTES);
  const near = window.toString('latin1', start, Math.min(window.length, index + OVERLAP_BYTES));
  const at = index - start;
  const lineStart = near.lastIndexOf('\n', at - 1);
  const aboveStart = lineStart <= 0 ? 0 : near.lastIndexOf('\n', lineStart - 1) + 1;
  const lineEnd = near.indexOf('\n', at);
  return near.slice(aboveStart, lineEnd < 0 ? undefined : lineEnd).includes(ALLOW_COMMENT);
}
