import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contentHash, digestOf, sha256Hex } from '../../src/domain/content-hash.ts';
import { hexOf, isDigest } from '../../src/domain/digest.ts';

const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function file(path: string, text: string): { path: string; sha256: string } {
  return { path, sha256: sha256Hex(Buffer.from(text)) };
}

/** The rule in its shortest form: what was hashed, written out by hand. */
function hashOfText(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

describe('contentHash', () => {
  it('is the hash of nothing for no file and for the manifest alone', () => {
    expect(contentHash([])).toBe(NOTHING);
    expect(contentHash([file('template.yaml', 'kind: Template')])).toBe(NOTHING);
    expect(contentHash([file('helmdeck-pack.yaml', 'name: x')], 'helmdeck-pack.yaml')).toBe(NOTHING);
  });

  it('hashes path, NUL, hex, LF per file', () => {
    // echo -n hello | sha256sum
    const hello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    expect(sha256Hex(Buffer.from('hello'))).toBe(hello);
    expect(contentHash([file('a.txt', 'hello')])).toBe(hashOfText(`a.txt\0${hello}\n`));
    expect(contentHash([file('a.txt', 'hello')])).toBe('ed54360a4d7244bfcde6dca611fd00dbfbdf508c47ad104b711f8429a6d2604d');
    expect(contentHash([file('a.txt', 'hello'), file('empty', '')])).toBe(hashOfText(`a.txt\0${hello}\nempty\0${NOTHING}\n`));
  });

  it('sorts whole paths by their bytes, not directory by directory', () => {
    const order = ['B', 'a-b', 'a.txt', 'a/x', 'ab', '\uff5e', '\u{1f600}'];
    const text = order.map((path) => `${path}\0${sha256Hex(Buffer.from(path))}\n`).join('');
    expect(contentHash([...order].reverse().map((path) => file(path, path)))).toBe(hashOfText(text));
  });

  it('leaves out the root manifest only', () => {
    const others = [file('sub/template.yaml', 'x'), file('Template.yaml', 'y'), file('.hidden', 'z')];
    const all = contentHash([file('template.yaml', 'any'), ...others]);
    expect(all).toBe(contentHash(others));
    for (const left of others) expect(contentHash(others.filter((other) => other !== left))).not.toBe(all);
  });

  it('takes two Unicode forms of a name for two names', () => {
    expect(contentHash([file('\u00e9', '')])).not.toBe(contentHash([file('e\u0301', '')]));
  });

  it('does not depend on the order of the files, and on nothing but their paths and hashes', () => {
    const files = fc.uniqueArray(fc.record({ path: fc.string({ minLength: 1 }), text: fc.string() }), {
      selector: (item) => item.path,
    });
    fc.assert(
      fc.property(files, fc.infiniteStream(fc.nat()), (items, ranks) => {
        const hashed = items.map((item) => file(item.path, item.text));
        const shuffled = hashed.map((item) => ({ item, rank: ranks.next().value ?? 0 })).sort((a, b) => a.rank - b.rank);
        expect(contentHash(shuffled.map(({ item }) => ({ ...item, size: 1 })))).toBe(contentHash(hashed));
      }),
    );
  });

  it('changes when one byte of one file changes', () => {
    expect(contentHash([file('a', 'x\n')])).not.toBe(contentHash([file('a', 'x\r\n')]));
  });
});

describe('digest', () => {
  it('is written sha256:<hex> in lower case', () => {
    expect(digestOf(Buffer.alloc(0))).toBe(`sha256:${NOTHING}`);
    expect(isDigest(`sha256:${NOTHING}`)).toBe(true);
    expect(hexOf(`sha256:${NOTHING}`)).toBe(NOTHING);
  });

  it.each([NOTHING, `sha256:${NOTHING.toUpperCase()}`, `sha512:${NOTHING}`, `sha256:${NOTHING}\n`, 'sha256:', ''])(
    'refuses %j',
    (text) => {
      expect(isDigest(text)).toBe(false);
      expect(() => hexOf(text)).toThrow(RangeError);
    },
  );
});
