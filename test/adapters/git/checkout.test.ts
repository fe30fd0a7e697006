import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCheckout } from '../../../src/adapters/git/checkout.ts';
import { openGitLab } from '../../support/git/lab.ts';
import { packFiles, TestRepository } from '../../support/git/repository.ts';

const lab = openGitLab();
const checkout = createCheckout(lab.git);
let repository: TestRepository;
beforeEach(() => {
  repository = new TestRepository();
});
afterEach(() => repository.remove());
afterAll(() => lab.close());

describe('checkout', () => {
  it('writes the bytes as they were committed and takes them away again', async () => {
    repository.commit({
      ...packFiles('cmd', 'demo.hello'),
      '.gitattributes': '* text eol=crlf\n',
      'cmd/link': { link: 'run.sh' },
    });
    const copy = await checkout({ url: repository.url, ref: 'main' });
    const script = join(copy.dir, 'cmd/run.sh');
    expect(readFileSync(script, 'utf8')).toBe('#!/bin/sh\necho done\n');
    expect(statSync(script).mode & 0o111).not.toBe(0);
    expect([lstatSync(join(copy.dir, 'cmd/link')).isSymbolicLink(), readlinkSync(join(copy.dir, 'cmd/link'))]).toEqual([
      true,
      'run.sh',
    ]);
    expect(existsSync(join(copy.dir, '.git'))).toBe(false);
    await copy.release();
    expect(existsSync(copy.dir)).toBe(false);
  });

  it('gives a tag, a branch, a commit, or the default branch', async () => {
    const first = repository.commit({ note: 'one' }, 'v1');
    repository.commit({ note: 'two' });
    const read = async (ref?: string) => {
      const copy = await checkout({ url: repository.url, ...(ref !== undefined && { ref }) });
      const text = readFileSync(join(copy.dir, 'note'), 'utf8');
      await copy.release();
      return text;
    };
    expect([await read('v1'), await read('main'), await read(first), await read()]).toEqual(['one', 'two', 'one', 'two']);
    await expect(checkout({ url: repository.url, ref: 'gone' })).toFailWith('registry_invalid');
  });

  it('stops when it is aborted', async () => {
    repository.commit({ note: 'one' });
    await expect(checkout({ url: repository.url }, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
