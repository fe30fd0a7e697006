import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';

/** What `sign` and `verify` are given: an archive, or a directory, which means the archive that it packs to. */
export interface SignedPath {
  digest: string;
  read(): AsyncIterable<Uint8Array>;
  /** The archive's path; for a directory the name it packs to, `NAME-VERSION.tar`. */
  archive: string;
  /** Only of a directory. */
  packed?: Buffer;
}

/** Fails with a CliError where there is no such thing, or a directory that is no valid template. */
export async function readSignedPath(path: string): Promise<SignedPath> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return await readDirectory(path);
  if (stats?.isFile()) return await readArchive(path);
  throw new CliError({
    message: stats ? `${path} is neither a directory nor a file` : `there is no ${path}`,
    exitCode: EXIT.notFound,
    guidance: 'Name an archive, or a directory that holds a template.yaml.',
  });
}

async function readArchive(path: string): Promise<SignedPath> {
  const { fileBytes } = await import('../signing.ts');
  const read = fileBytes(path);
  const hash = createHash('sha256');
  for await (const chunk of read()) hash.update(chunk);
  return { digest: `sha256:${hash.digest('hex')}`, read, archive: path };
}

async function readDirectory(dir: string): Promise<SignedPath> {
  const [{ checkDirectory, issueLine }, { packTemplate }] = await Promise.all([
    import('./template-directory.ts'),
    import('../pack-template.ts'),
  ]);
  const { manifest, issues } = await checkDirectory(dir);
  if (!manifest || issues.length > 0)
    throw new CliError({
      message: issues.slice(0, 1).map(issueLine).join(''),
      code: 'template_invalid',
      exitCode: EXIT.failed,
      guidance: `See every place with \`chandlery validate ${dir}\`.`,
    });
  const packed = await packTemplate(dir);
  const { name, version } = manifest.metadata;
  return {
    digest: `sha256:${createHash('sha256').update(packed).digest('hex')}`,
    async *read() {
      yield packed;
    },
    archive: `${name}-${version}.tar`,
    packed,
  };
}
