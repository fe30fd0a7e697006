import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readKeyFolder } from '../../../src/adapters/sigstore/key-folder.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-keys-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function publicKey(): string {
  return generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

describe('readKeyFolder', () => {
  it('names keys by their files, and takes nothing else', async () => {
    await writeFile(join(dir, 'release.pub'), publicKey());
    await writeFile(join(dir, 'archive.pub'), publicKey());
    await writeFile(join(dir, 'README'), 'keys');
    expect((await readKeyFolder(dir)).map(({ name }) => name)).toEqual(['archive', 'release']);
  });

  it('refuses what is no key, one key twice, and a folder that is not there', async () => {
    const key = publicKey();
    await writeFile(join(dir, 'a.pub'), key);
    await writeFile(join(dir, 'b.pub'), key);
    await expect(readKeyFolder(dir)).rejects.toThrow(/a and b are the same key/);
    await writeFile(join(dir, 'b.pub'), 'x'.repeat(20_000));
    await expect(readKeyFolder(dir)).toFailWith('config_invalid');
    await expect(readKeyFolder(join(dir, 'nowhere'))).toFailWith('config_invalid');
  });
});
