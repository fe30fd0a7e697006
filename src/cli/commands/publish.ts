import { open, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import { LOCAL_REGISTRY } from '../../domain/operation.ts';
import { withExample } from '../example.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import type { PublishAccepted } from '../http-publishing.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { startAndWait, withDetach } from '../start.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface PublishOptions extends OutputOptions {
  registry?: string;
  bundle?: string;
  detach?: boolean;
}

export function publish(command: Command): void {
  withDetach(withOutput(command))
    .argument('<path>', 'a directory that holds a template.yaml, or an archive of one (tar, tar.gz)')
    .option(
      '--registry <registry>',
      'where to: local is the server itself (default: the default registry where it is a Chandlery and not official, else local)',
    )
    .option('--bundle <file>', 'a signature of the archive, as `chandlery sign` makes it: kept with the version')
    .action(run);
  withExample(command, 'chandlery publish ./redis');
}

async function run(path: string, { output, detach, registry, bundle }: PublishOptions): Promise<void> {
  const archive = await read(path);
  const signature = bundle === undefined ? undefined : await readBundle(bundle);
  const client = createHttpClient(readSettings());
  const accepted = await client.publish(archive, {
    ...(registry !== undefined && { registry }),
    ...(signature !== undefined && { signature }),
  });
  note(oneLine(`${accepted.name}@${accepted.version} to ${placeOf(accepted)}, ${accepted.digest}`));
  await startAndWait(client, accepted, { output, detach });
}

/** Told each time: without --registry it depends on the server's configuration. */
function placeOf({ registry = LOCAL_REGISTRY }: PublishAccepted): string {
  return registry === LOCAL_REGISTRY ? 'the server itself (local)' : `the registry ${registry}`;
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return new Uint8Array(await pack(path));
  // A pipe or a device has no size to hold against the limit.
  if (stats?.isFile()) return new Uint8Array(await readArchive(path));
  throw new CliError({
    message: stats ? `${path} is neither a directory nor a file` : `there is no ${path}`,
    exitCode: EXIT.notFound,
    guidance: 'Name a directory that holds a template.yaml, or an archive of one.',
  });
}

async function readBundle(file: string): Promise<string> {
  const { readBundleFile } = await import('../../signing.ts');
  const bytes = await readBundleFile(file);
  if (bytes) return bytes.toString('utf8');
  throw new CliError({
    message: `there is no ${file}`,
    exitCode: EXIT.notFound,
    guidance: 'Make it with `chandlery sign`, and publish what was signed.',
  });
}

/** What the server would refuse is told here, with the line it is on. */
async function pack(dir: string): Promise<Buffer> {
  const [{ checkDirectory, issueLine }, { packTemplate }] = await Promise.all([
    import('../template-directory.ts'),
    import('../../pack-template.ts'),
  ]);
  const { issues } = await checkDirectory(dir);
  if (issues.length === 0) return await packTemplate(dir);
  throw new CliError({
    message: issues.slice(0, 1).map(issueLine).join(''),
    code: 'template_invalid',
    exitCode: EXIT.failed,
    guidance: `See every place with \`chandlery validate ${dir}\`.`,
  });
}

async function readArchive(file: string): Promise<Buffer> {
  const { maxArchiveBytes } = DEFAULT_ARCHIVE_LIMITS;
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new CliError({ message: `${file} cannot be read: ${error.code}`, exitCode: EXIT.notFound });
  });
  try {
    const { size } = await handle.stat();
    if (size <= maxArchiveBytes) return await handle.readFile();
    throw new CliError({
      message: `${file} is ${size} bytes long, at most ${maxArchiveBytes} are allowed`,
      code: 'too_large',
      exitCode: exitCodeOf('too_large'),
      guidance: 'Leave out what the template does not need.',
    });
  } finally {
    await handle.close();
  }
}
