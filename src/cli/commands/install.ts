import { type Command, Option } from 'commander';
import { LOCK_FILE } from '../../domain/lock-file.ts';
import { gather, given } from '../arguments.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import { readLockFile, writeLockFile } from '../lock-file.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import type { ReferenceOptions } from '../reference-options.ts';
import { readSettings } from '../settings.ts';
import { startAndWait, withDetach } from '../start.ts';
import { note } from '../terminal.ts';

interface InstallOptions extends OutputOptions {
  namespace: string;
  registry?: string;
  version?: string;
  acceptUnsigned?: boolean;
  force?: boolean;
  prerelease?: boolean;
  updateOnly?: string[];
  locked?: boolean;
  lockFile?: string | true;
  detach?: boolean;
}

export function install(command: Command): void {
  withDetach(withOutput(command))
    .argument('<ref>', '[REGISTRY/]NAME[@RANGE], or source:NAMESPACE/SOURCE/NAME for an item of a namespace source')
    .option('-n, --namespace <namespace>', 'namespace to install into', 'default')
    .option('--registry <registry>', 'from this registry; the same as REGISTRY/NAME')
    .option('--version <range>', 'this version, or the newest in this range; the same as NAME@RANGE')
    .option('--accept-unsigned', 'install although nobody signed it')
    .option('--force', 'materialise again also what is already there')
    .option('--prerelease', 'count pre-releases of this template, too')
    .option('--update-only <name>', 'bring only this up to date; the rest stays unless it must move (may be repeated)', gather)
    .option('--lock-file [file]', `write down what was installed, or with --locked read it (${LOCK_FILE})`)
    .addOption(
      new Option('--locked', 'install exactly what the lock file says; fails if that does not fit any more').conflicts([
        'updateOnly',
        'prerelease',
      ]),
    )
    .action(run);
  withExample(command, 'chandlery install shop@^1.0.0 -n team-a');
}

async function run(ref: string, options: InstallOptions): Promise<void> {
  const { output, detach, namespace, registry, version, acceptUnsigned, force, prerelease, updateOnly, locked, lockFile } =
    options;
  const file = typeof lockFile === 'string' ? lockFile : LOCK_FILE;
  const writes = lockFile !== undefined && locked !== true;
  if (writes && detach) {
    const message = 'with --detach there is nothing to write into a lock file yet';
    throw new CliError({ message, exitCode: EXIT.usage, guidance: 'Leave one of the two out.' });
  }
  const lock = locked ? await readLockFile(file) : undefined;
  const client = createHttpClient(readSettings());
  const wishes = given({ acceptUnsigned, force, prerelease, updateOnly, lock });
  const accepted = await client.install({ ref: await refOf(ref, given({ registry, version })), namespace, ...wishes });
  const operation = await startAndWait(client, accepted, { output, detach });
  if (!writes || !operation) return;
  const count = await writeLockFile(file, operation);
  note(`wrote ${file}: ${count} ${count === 1 ? 'template' : 'templates'}`);
}

/** The argument as it is, where it says everything: the server reads it. */
async function refOf(argument: string, named: ReferenceOptions): Promise<string> {
  if (Object.keys(named).length === 0) return argument;
  const [{ formatReference }, { referenceOf }] = await Promise.all([
    import('../../domain/reference.ts'),
    import('../reference-options.ts'),
  ]);
  return formatReference(referenceOf(argument, named));
}
