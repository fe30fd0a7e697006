import { ChandleryError } from '../../domain/errors.ts';
import { HELM_INDEX_LIMITS, type IndexBlock, type IndexSplitter } from './helm-index-parts.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COLON = 0x3a;

/** Levels inside one entry; Chart.yaml has three. */
const MAX_ENTRY_DEPTH = 40;

/**
 * Cuts an index written as JSON (`{"entries": {"name": [{...}, ...]}}`) into the same blocks, by brackets and strings alone. Depth is only
 * counted, so a document of ten thousand brackets costs no stack.
 */
export class JsonIndexSplitter implements IndexSplitter {
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Whether depth 2 is inside `entries`. */
  #inEntries = false;
  #seenEntries = false;
  #ended = false;
  /** The string being read at depth 1 or 2, or the last one: a key when a colon follows. */
  #string = '';
  #key = '';
  #rootKey = '';
  #block: { name: string; texts: string[]; size: number; problem?: string } | undefined;
  /** Pieces of the entry being read. */
  #entry: string[] | undefined;
  readonly #done: IndexBlock[] = [];

  push(text: string): void {
    let start = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (this.#inString) {
        this.#inText(text, at, code);
        continue;
      }
      if (code === QUOTE) {
        this.#inString = true;
        this.#string = '';
      } else if (code === COLON) this.#colon();
      else if (code === OPEN_MAP || code === OPEN_LIST) {
        if (this.#open(code)) start = at;
      } else if ((code === CLOSE_MAP || code === CLOSE_LIST) && this.#closes(code)) {
        this.#addPiece(text.slice(start, at + 1));
        this.#endEntry();
      }
    }
    if (this.#entry !== undefined) this.#addPiece(text.slice(start));
  }

  end(): void {
    if (!this.#ended || this.#depth !== 0)
      throw new ChandleryError('registry_invalid', 'the JSON ends too early or is not one map');
    if (!this.#seenEntries)
      throw new ChandleryError('registry_invalid', 'it has no `entries`: not the index of a Helm repository');
  }

  take(): IndexBlock[] {
    return this.#done.splice(0);
  }

  #inText(text: string, at: number, code: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (code === BACKSLASH) this.#escaped = true;
    else if (code === QUOTE) this.#inString = false;
    if (this.#inString && this.#depth <= 2 && this.#string.length < HELM_INDEX_LIMITS.maxName) this.#string += text[at] ?? '';
  }

  #colon(): void {
    if (this.#depth === 1) this.#rootKey = this.#string;
    else if (this.#depth === 2) this.#key = this.#string;
  }

  /** Answers whether an entry begins here. */
  #open(code: number): boolean {
    this.#depth += 1;
    if (this.#ended) throw new ChandleryError('registry_invalid', 'the JSON goes on after its end');
    if (this.#depth === 1 && code !== OPEN_MAP) throw new ChandleryError('registry_invalid', 'the JSON is not a map');
    if (this.#depth === 2) {
      this.#inEntries = this.#rootKey === 'entries' && code === OPEN_MAP;
      this.#seenEntries ||= this.#inEntries;
    }
    if (this.#depth === 3 && this.#inEntries)
      this.#block = {
        name: this.#key,
        texts: [],
        size: 0,
        ...(code === OPEN_LIST ? {} : { problem: 'is not a list of versions' }),
      };
    if (this.#block && this.#depth > MAX_ENTRY_DEPTH)
      this.#block.problem ??= `is nested more than ${MAX_ENTRY_DEPTH} levels deep`;
    if (this.#depth !== 4 || this.#block === undefined || this.#block.problem !== undefined) return false;
    this.#entry = [];
    return true;
  }

  /** Answers whether the entry being read ends here. */
  #closes(_code: number): boolean {
    this.#depth -= 1;
    if (this.#depth < 0) throw new ChandleryError('registry_invalid', 'the JSON closes more than it opens');
    if (this.#depth === 2 && this.#block !== undefined) this.#endBlock(this.#block);
    if (this.#depth === 0) this.#ended = true;
    return this.#depth === 3 && this.#entry !== undefined;
  }

  #addPiece(piece: string): void {
    const block = this.#block;
    if (block === undefined || this.#entry === undefined) return;
    block.size += piece.length;
    if (block.size > HELM_INDEX_LIMITS.maxTemplateLength)
      block.problem ??= `its entries are longer than ${HELM_INDEX_LIMITS.maxTemplateLength} characters`;
    if (block.problem === undefined) this.#entry.push(piece);
    else this.#entry = [];
  }

  #endEntry(): void {
    if (this.#entry !== undefined && this.#block?.problem === undefined) this.#block?.texts.push(this.#entry.join(''));
    this.#entry = undefined;
  }

  #endBlock({ name, texts, problem }: { name: string; texts: string[]; problem?: string }): void {
    this.#done.push({ name, texts: problem === undefined ? texts : [], ...(problem === undefined ? {} : { problem }) });
    this.#block = undefined;
  }
}
