import { ChandleryError } from '../../domain/errors.ts';
import { HELM_INDEX_LIMITS, type IndexBlock, type IndexSplitter } from './helm-index-parts.ts';

/** A key and what follows it on its line: quoted or plain. */
const KEY = /^( *)(?:"([^"\\]*)"|'([^']*)'|([^\s"'#:[\]{},&*!|>%@`-][^\s:#]*)):(?:\s|$)(.*)$/;

/**
 * Cuts the text of an `index.yaml` into one block per template and, in it, one text per version, by indentation alone: what is inside an
 * entry is not looked at, so that a malformed one spoils no other. Takes the text in pieces of any size.
 */
export class YamlIndexSplitter implements IndexSplitter {
  #pending = '';
  #state: 'before' | 'entries' | 'after' = 'before';
  /** Spaces before the templates' names; -1 until the first one was seen. */
  #keyIndent = -1;
  #block: { name: string; texts: string[]; lines: string[]; size: number; itemIndent: number; problem?: string } | undefined;
  readonly #done: IndexBlock[] = [];
  #generated: string | undefined;

  /** RFC 3339; undefined where the index does not say when it was made, or not in a way that can be read. */
  get generated(): string | undefined {
    return this.#generated;
  }

  push(text: string): void {
    const lines = (this.#pending + text).split('\n');
    this.#pending = lines.pop() ?? '';
    if (this.#pending.length > HELM_INDEX_LIMITS.maxEntryLength)
      throw new ChandleryError('registry_invalid', `a line is longer than ${HELM_INDEX_LIMITS.maxEntryLength} characters`);
    for (const line of lines) this.#line(line);
  }

  end(): void {
    this.#line(this.#pending);
    this.#close();
    if (this.#state === 'before')
      throw new ChandleryError('registry_invalid', 'it has no `entries`: not the index of a Helm repository');
  }

  take(): IndexBlock[] {
    return this.#done.splice(0);
  }

  #line(line: string): void {
    const isBlank = /^\s*(#.*)?\r?$/.test(line);
    // A comment at the margin may stand inside a text block, but never ends one.
    if (isBlank) {
      this.#keep(line);
      return;
    }
    const indent = line.search(/\S/);
    if (this.#state !== 'entries' || indent === 0) this.#topLevel(line, indent);
    else this.#inEntries(line, indent);
  }

  #topLevel(line: string, indent: number): void {
    if (indent !== 0) return;
    if (this.#state === 'entries' && line.startsWith('-'))
      throw new ChandleryError('registry_invalid', '`entries` is a list, not a map of names');
    if (this.#state === 'entries') {
      this.#close();
      this.#state = 'after';
    }
    const [, , , , key, rest = ''] = KEY.exec(line) ?? [];
    if (key === 'generated') this.#generated ??= dateOf(rest);
    if (key !== 'entries' || this.#state === 'after') return;
    const value = rest.replace(/#.*/, '').trim();
    if (value !== '' && value !== '{}' && value !== 'null' && value !== '~')
      throw new ChandleryError(
        'registry_invalid',
        '`entries` is written in one line: only the block form of YAML, or JSON, can be read',
      );
    this.#state = 'entries';
  }

  #inEntries(line: string, indent: number): void {
    if (this.#keyIndent < 0) this.#keyIndent = indent;
    if (indent > this.#keyIndent || (indent === this.#keyIndent && line[indent] === '-')) {
      this.#keep(line, indent);
      return;
    }
    this.#close();
    const [, , double, single, plain, rest = ''] = KEY.exec(line) ?? [];
    const name = double ?? single ?? plain;
    const value = rest.replace(/(^|\s)#.*/, '').trim();
    this.#block = { name: name ?? line.trim().slice(0, 100), texts: [], lines: [], size: 0, itemIndent: -1 };
    if (name === undefined || indent < this.#keyIndent) this.#block.problem = 'is not a name followed by a list of versions';
    else if (value !== '' && value !== '[]') this.#block.problem = 'is not a list of versions in the block form of YAML';
  }

  #keep(line: string, indent?: number): void {
    const block = this.#block;
    if (this.#state !== 'entries' || block === undefined || block.problem !== undefined) return;
    block.size += line.length + 1;
    if (block.size > HELM_INDEX_LIMITS.maxTemplateLength) {
      block.problem = `its entries are longer than ${HELM_INDEX_LIMITS.maxTemplateLength} characters`;
      block.texts = [];
      block.lines = [];
      return;
    }
    if (indent !== undefined && block.itemIndent < 0) {
      if (line[indent] !== '-') block.problem = 'is not a list of versions';
      block.itemIndent = indent;
    }
    if (indent === block.itemIndent && line[indent] === '-' && block.lines.length > 0) this.#endItem(block);
    block.lines.push(line);
  }

  #endItem(block: { texts: string[]; lines: string[] }): void {
    // The lines are pieces of a large chunk; joined they stand alone, and the chunk can go.
    if (block.lines.some((line) => line.trim() !== '')) block.texts.push(block.lines.join('\n'));
    block.lines = [];
  }

  #close(): void {
    const block = this.#block;
    if (block === undefined) return;
    this.#endItem(block);
    this.#block = undefined;
    const { name, texts, problem } = block;
    this.#done.push({ name, texts, ...(problem === undefined ? {} : { problem }) });
  }
}

/** Go writes nanoseconds and an offset: `"2026-11-20T08:00:00.123456789+01:00"`. */
function dateOf(text: string): string | undefined {
  const [, date = ''] = /^["']?(\d{4}-\d{2}-\d{2}T[\d:.]{8,20}(?:Z|[+-]\d{2}:\d{2}))["']?\s*(?:#.*)?$/.exec(text.trim()) ?? [];
  const ms = Date.parse(date.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isFinite(ms) ? new Date(ms).toISOString() : undefined;
}
