import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { ChandleryError } from '../../domain/errors.ts';

/** Whom signatures may lead to: certificate authorities, transparency logs and timestamp authorities. */

/** Bytes; the public one has 7 KB, one with years of rotated keys ten times that. */
const MAX_BYTES = 1024 * 1024;
const PUBLIC_GOOD = 'https://tuf-repo-cdn.sigstore.dev';
const TARGET = 'trusted_root.json';

interface Seeds {
  [mirror: string]: { targets: Record<string, string> } | undefined;
}

/**
 * The trusted root of the public Sigstore as it was when our lock file pinned @sigstore/tuf: no network, and no other check than that
 * of the package's integrity. Keys that Sigstore has rotated in since are unknown to it.
 */
export function builtInTrustedRoot(): TrustedRoot {
  const seeds = createRequire(import.meta.url)('@sigstore/tuf/seeds.json') as Seeds;
  const encoded = seeds[PUBLIC_GOOD]?.targets[TARGET];
  if (encoded === undefined) throw new ChandleryError('config_invalid', `the package @sigstore/tuf holds no ${TARGET}`);
  return parseTrustedRoot(Buffer.from(encoded, 'base64').toString('utf8'), '@sigstore/tuf');
}

/** An operator's own trusted_root.json. Fails with config_invalid, naming the file. */
export async function readTrustedRoot(file: string): Promise<TrustedRoot> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read: ${error.code}`;
    throw new ChandleryError('config_invalid', why);
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MAX_BYTES)
      throw new ChandleryError('config_invalid', `${file} is not a file of at most ${MAX_BYTES} bytes`);
    return parseTrustedRoot(await handle.readFile('utf8'), file);
  } finally {
    await handle.close();
  }
}

/** `where` is told in errors. Fails with config_invalid. */
export function parseTrustedRoot(text: string, where: string): TrustedRoot {
  try {
    const root = TrustedRoot.fromJSON(JSON.parse(text));
    // An empty one would refuse everything without ever saying why.
    if (root.certificateAuthorities.length === 0 && root.tlogs.length === 0) throw new Error('it names no authority and no log');
    return root;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'not readable';
    throw new ChandleryError('config_invalid', `${where} is not a trusted root of Sigstore: ${why}`, {}, { cause: error });
  }
}
