import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ChandleryError } from '../../domain/errors.ts';
import { readPublicKey, type TrustedKey } from './keys.ts';

const SUFFIX = '.pub';
/** Keys of one server; each is tried on signatures that do not name theirs. */
const MAX_KEYS = 100;
const MAX_KEY_BYTES = 16 * 1024;

/**
 * The public keys of a folder: each `NAME.pub` is the key NAME of policies. Links are followed, since mounted ConfigMaps are made of them.
 * Fails with config_invalid, naming the file; also for one key under two names, which a policy could not tell apart.
 */
export async function readKeyFolder(dir: string): Promise<TrustedKey[]> {
  const entries = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    throw new ChandleryError('config_invalid', `${dir}: the folder of public keys cannot be read: ${error.code}`);
  });
  const files = entries.filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.')).sort();
  if (files.length > MAX_KEYS) throw new ChandleryError('config_invalid', `${dir} holds more than ${MAX_KEYS} keys`);
  const keys: TrustedKey[] = [];
  for (const file of files) {
    const key = readPublicKey(file.slice(0, -SUFFIX.length), await readText(join(dir, file)));
    const same = keys.find(({ fingerprint }) => fingerprint === key.fingerprint);
    if (same) throw new ChandleryError('config_invalid', `${dir}: ${same.name} and ${key.name} are the same key`);
    keys.push(key);
  }
  return keys;
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw new ChandleryError('config_invalid', `${file} cannot be read: ${error.code}`);
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MAX_KEY_BYTES)
      throw new ChandleryError('config_invalid', `${file} is not a file of at most ${MAX_KEY_BYTES} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
