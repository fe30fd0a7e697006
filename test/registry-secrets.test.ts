import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRegistrySecrets } from '../src/registry-secrets.ts';

let dir: string;
let keyFile: string;
let count = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-secrets-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(() => {
  count += 1;
  keyFile = join(dir, `${count}`, 'registry-secrets.key');
});

const codecKey = randomBytes(32);

describe('the credentials of added registries', () => {
  it('are sealed with a key that is made once, readable by its owner only', async () => {
    const place = { keyFile, isShared: false };
    const sealed = await Promise.all(['a', 'b', 'c'].map((text) => createRegistrySecrets(place).seal(text, 'x')));
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(keyFile, '..'))).toEqual(['registry-secrets.key']);
    const later = createRegistrySecrets(place);
    expect(await Promise.all(sealed.map((text) => later.unseal(text, 'x')))).toEqual(['a', 'b', 'c']);
    for (const text of sealed) expect(text).not.toContain((await readFile(keyFile, 'utf8')).trim());
  });

  it('make no file before one is sealed', async () => {
    const secrets = createRegistrySecrets({ keyFile, isShared: false });
    await expect(secrets.unseal('0123456789abcdef.AAAA', 'x')).toFailWith('config_invalid');
    await expect(stat(keyFile)).rejects.toThrow('ENOENT');
  });

  it('need CHANDLERY_CODEC_KEY where the store is shared', async () => {
    const bare = createRegistrySecrets({ keyFile, isShared: true });
    await expect(bare.seal('a', 'x')).toFailWith('config_invalid');
    await expect(bare.seal('a', 'x')).rejects.toThrow(/CHANDLERY_CODEC_KEY/);
    const sealed = await createRegistrySecrets({ codecKey, keyFile, isShared: true }).seal('a', 'x');
    const elsewhere = createRegistrySecrets({ codecKey, keyFile: join(dir, 'elsewhere'), isShared: true });
    expect(await elsewhere.unseal(sealed, 'x')).toBe('a');
  });

  it('are still opened after CHANDLERY_CODEC_KEY was set', async () => {
    const sealed = await createRegistrySecrets({ keyFile, isShared: false }).seal('a', 'x');
    const later = createRegistrySecrets({ codecKey, keyFile, isShared: false });
    expect(await later.unseal(sealed, 'x')).toBe('a');
    // Not with the key of the engine's payloads itself, nor for another registry.
    await expect(later.unseal(sealed, 'y')).rejects.toThrow(/another address/);
    expect((await later.seal('a', 'x')).split('.')[0]).not.toBe(sealed.split('.')[0]);
  });

  it('that CHANDLERY_CODEC_KEY sealed are opened whatever is wrong with the file', async () => {
    await createRegistrySecrets({ keyFile, isShared: false }).seal('a', 'x');
    await writeFile(keyFile, 'short');
    const secrets = createRegistrySecrets({ codecKey, keyFile, isShared: false });
    expect(await secrets.unseal(await secrets.seal('a', 'x'), 'x')).toBe('a');
    await rm(keyFile);
    await mkdir(keyFile);
    const damaged = createRegistrySecrets({ codecKey: randomBytes(32), keyFile, isShared: false });
    await expect(damaged.unseal(await secrets.seal('a', 'x'), 'x')).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('say what to do when the key is another one, or none', async () => {
    const sealed = await createRegistrySecrets({ codecKey, keyFile, isShared: true }).seal('a-secret', 'x');
    const other = createRegistrySecrets({ codecKey: randomBytes(32), keyFile, isShared: true });
    await expect(other.unseal(sealed, 'x')).rejects.toThrow(/another key.*CHANDLERY_CODEC_KEY/);
    await createRegistrySecrets({ keyFile, isShared: false }).seal('a', 'x');
    await writeFile(keyFile, 'short');
    await expect(createRegistrySecrets({ keyFile, isShared: false }).seal('a', 'x')).rejects.toThrow(/backup/);
  });
});
