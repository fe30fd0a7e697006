/** Extended headers (pax and GNU long names) in front of an entry: one at most, and only records that cannot smuggle a second meaning. */

import { ChandleryError } from '../../domain/errors.ts';
import { invalid, shown } from './path-rules.ts';
import { decodeName, readPax, type TarHeader } from './tar-header.ts';

/** A pax record or GNU long name holds one path; this leaves room for times and owners beside it. Bytes. */
const MAX_EXTENSION_BYTES = 64 * 1024;

// A name, a link or a size told twice is how one archive shows different files to different programs.
const REFUSED_RECORDS: Record<string, string> = {
  linkpath: 'is a link (pax linkpath)',
  hdrcharset: 'gives its own character set (pax hdrcharset); names are UTF-8',
};

function upToNul(data: Buffer): Buffer {
  const nul = data.indexOf(0);
  return nul === -1 ? data : data.subarray(0, nul);
}

/** The extended header that waits for its entry, if any. */
export class TarExtension {
  #header: TarHeader | undefined;
  #path: string | undefined;
  #size: string | undefined;

  static is(header: TarHeader): boolean {
    return header.type === 'x' || header.type === 'g' || header.type === 'L' || header.type === 'K';
  }

  /** True between an extended header and the entry it speaks of. */
  get pending(): boolean {
    return this.#header !== undefined;
  }

  open(header: TarHeader): void {
    if (header.type === 'K') throw invalid(header.label, 'is a link (GNU long link name)');
    if (header.size > MAX_EXTENSION_BYTES)
      throw invalid(header.label, `has an extended header of more than ${MAX_EXTENSION_BYTES} bytes`);
    if (header.size === 0) throw invalid(header.label, 'has an empty extended header');
    if (this.pending) throw invalid(header.label, 'has two extended headers, which not every tar reads alike');
    this.#header = header;
  }

  /** Takes the body of the header just opened. */
  apply(data: Buffer): void {
    if (this.#header?.type === 'L') this.#path = decodeName(upToNul(data));
    else if (this.#header?.type === 'g') this.#applyGlobal(readPax(data));
    else this.#applyRecords(this.#header?.label ?? '', readPax(data));
  }

  /** The entry's own header has come: gives its name and forgets the extension. */
  nameOf(header: TarHeader): string {
    const name = this.#path ?? decodeName(header.rawName);
    if (this.#size !== undefined && this.#size !== String(header.size)) throw invalid(name, 'gives two different sizes');
    this.#header = undefined;
    this.#path = undefined;
    this.#size = undefined;
    return name;
  }

  #applyGlobal(records: Map<string, string>): void {
    this.#header = undefined;
    // `git archive` writes its commit as a comment; anything else would silently change every entry after it.
    const other = [...records.keys()].find((key) => key !== 'comment');
    if (other !== undefined)
      throw new ChandleryError('archive_invalid', `a global pax header sets ${shown(other)} for all entries`);
  }

  #applyRecords(name: string, records: Map<string, string>): void {
    this.#path = records.get('path');
    this.#size = records.get('size');
    for (const key of records.keys()) {
      const rule = key.startsWith('GNU.sparse') ? 'is a sparse file' : REFUSED_RECORDS[key];
      if (rule !== undefined) throw invalid(this.#path ?? name, rule);
    }
  }
}
