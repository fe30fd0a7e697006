import { hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ChandleryError } from './domain/errors.ts';
import type { RegistrySecrets } from './domain/registry-store.ts';
import { SEALING_KEY_BYTES, seal, sealingKeyId, unseal } from './domain/sealing.ts';
import { createOnce } from './own-file.ts';

/** Told apart from every other use of the same key. */
const PURPOSE = 'chandlery registry credentials';

export interface SecretKeyPlace {
  /** CHANDLERY_CODEC_KEY. */
  codecKey?: Buffer | undefined;
  /** Where a key of this data directory lies, or is made. */
  keyFile: string;
  /** Other processes use the same store and not this directory: what only a file here could open would be useless to them. */
  isShared: boolean;
}

/**
 * Seals the credentials of registries that are added over the API. With CHANDLERY_CODEC_KEY the key comes from it; else from a file that
 * only its owner can read, made when the first one is sealed. What the file's key sealed is still opened when the variable is set later.
 */
export function createRegistrySecrets({ codecKey, keyFile, isShared }: SecretKeyPlace): RegistrySecrets {
  const derived = codecKey && Buffer.from(hkdfSync('sha256', codecKey, '', PURPOSE, SEALING_KEY_BYTES));
  const sealingKey = async (): Promise<Buffer> => {
    if (derived) return derived;
    if (isShared) throw noKey();
    return keyOf(await createOnce(keyFile, () => randomBytes(SEALING_KEY_BYTES).toString('base64')), keyFile);
  };
  return {
    async seal(text, boundTo) {
      const key = await sealingKey();
      return `${sealingKeyId(key)}.${seal(key, Buffer.from(text, 'utf8'), boundTo).toString('base64')}`;
    },
    async unseal(sealed, boundTo) {
      const [id = '', body = ''] = sealed.split('.');
      // The file is looked at only for what it sealed: whatever is wrong with it concerns nothing else.
      const key = derived && sealingKeyId(derived) === id ? derived : await fileKey(keyFile);
      if (!key || sealingKeyId(key) !== id) throw otherKey(isShared);
      try {
        return unseal(key, Buffer.from(body, 'base64'), boundTo).toString('utf8');
      } catch {
        throw new ChandleryError('config_invalid', 'its credential was given for another address, or was damaged; give it again');
      }
    },
  };
}

async function fileKey(file: string): Promise<Buffer | undefined> {
  try {
    return keyOf(await readFile(file, 'utf8'), file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (error instanceof ChandleryError) throw error;
    throw new ChandleryError('config_invalid', `${file} cannot be read: ${code}`, {}, { cause: error });
  }
}

function keyOf(text: string, file: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === SEALING_KEY_BYTES) return key;
  throw new ChandleryError(
    'config_invalid',
    `${file} holds no key of ${SEALING_KEY_BYTES} bytes in base64; bring it back from a backup`,
  );
}

function noKey(): ChandleryError {
  return new ChandleryError(
    'config_invalid',
    'a credential can be kept only when API and workers have the same key: set CHANDLERY_CODEC_KEY for all of them (`openssl rand -base64 32` makes one), or name the registry in registries.yaml',
  );
}

function otherKey(isShared: boolean): ChandleryError {
  const what = isShared
    ? 'set the CHANDLERY_CODEC_KEY it was added under'
    : 'bring back registry-secrets.key or CHANDLERY_CODEC_KEY';
  return new ChandleryError(
    'config_invalid',
    `its credential was sealed with another key: ${what}, or give the credential again`,
  );
}
