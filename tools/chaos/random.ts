import { createCipheriv } from 'node:crypto';

/** AES-128: key and counter block alike. */
const KEY_BYTES = 16;

/** Random numbers that a seed repeats (mulberry32, by Tommy Ettinger, public domain). Not for secrets. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** `count` different items, or all when there are fewer; in random order. */
  some<Item>(items: readonly Item[], count: number): Item[] {
    const keyed = items.map((item) => ({ item, key: this.next() }));
    return keyed
      .sort((a, b) => a.key - b.key)
      .slice(0, count)
      .map(({ item }) => item);
  }

  /** Text that gzip cannot shorten by much: a cipher's key stream, which is quick to make. */
  text(length: number): string {
    const key = Buffer.alloc(KEY_BYTES);
    key.writeUInt32BE(this.between(0, 2 ** 32 - 1));
    const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(KEY_BYTES));
    return stream.update(Buffer.alloc(length)).toString('base64').slice(0, length);
  }
}
