import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ChandleryError } from '../../domain/errors.ts';
import { BUNDLE_SUFFIX, MAX_BUNDLE_BYTES, type SignatureDocument } from '../../domain/signature.ts';
import type { Source } from './folder-scan.ts';

/** What a folder is packed to, and so what its signature is of. */
const PACKED_SUFFIX = '.tar';

/** The bundle beside an archive, `<archive>.sigstore.json`; beside a folder it is named as if the folder were packed. Nothing where there is none. */
export async function* readBundleBeside({ kind, path }: Source): AsyncGenerator<SignatureDocument, void, undefined> {
  const file = `${path}${kind === 'directory' ? PACKED_SUFFIX : ''}${BUNDLE_SUFFIX}`;
  const bytes = await readBundleFile(file);
  if (bytes) yield { form: 'bundle', origin: file, bytes };
}

/** The same as texts. One that cannot be read is there as an empty text, which is refused: it must not pass for a missing one. */
export async function bundleTexts(source: Source): Promise<string[]> {
  const texts: string[] = [];
  try {
    for await (const document of readBundleBeside(source))
      if (document.form === 'bundle') texts.push(Buffer.from(document.bytes).toString('utf8'));
    return texts;
  } catch (error) {
    if (error instanceof ChandleryError) return [''];
    throw error;
  }
}

/** Undefined where there is no such file. Fails with too_large; links are not followed. */
export async function readBundleFile(file: string): Promise<Buffer | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new ChandleryError('registry_invalid', `${file} cannot be read: ${error.code}`);
    },
  );
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MAX_BUNDLE_BYTES)
      throw new ChandleryError('too_large', `${file} is not a file of at most ${MAX_BUNDLE_BYTES} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
