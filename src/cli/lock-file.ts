import { readFile, writeFile } from 'node:fs/promises';
import type { Lock } from '../domain/lock.ts';
import type { LockFile } from '../domain/lock-file.ts';
import { LOCK_VERSION, lockFileOf } from '../domain/lock-file.ts';
import type { OperationView } from '../domain/operation.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';
import { oneLine } from './text.ts';

const WRITE_IT = 'Write it with `chandlery install REF --lock-file`.';

/** The lock that the file holds; the server checks what is in it. Fails with a CliError. */
export async function readLockFile(file: string): Promise<LockFile> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'is not there' : `cannot be read: ${oneLine(error.message)}`;
    throw new CliError({ message: `${file} ${why}`, exitCode: EXIT.usage, guidance: WRITE_IT });
  });
  const found = parsed(text);
  if (found) return found;
  const message = `${file} is no lock file of version ${LOCK_VERSION}`;
  throw new CliError({ message, exitCode: EXIT.usage, guidance: WRITE_IT });
}

function parsed(text: string): LockFile | undefined {
  try {
    const found = JSON.parse(text) as Partial<LockFile> | null;
    return found?.lockVersion === LOCK_VERSION && Array.isArray(found.templates) ? (found as LockFile) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the lock that the operation came to; answers the number of templates. Fails with a CliError. */
export async function writeLockFile(file: string, operation: OperationView): Promise<number> {
  const { lock } = (operation.result ?? {}) as { lock?: Lock };
  if (lock === undefined) throw new CliError({ message: 'the operation has no lock to write down', exitCode: EXIT.failed });
  const content = lockFileOf(lock);
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`).catch((error: Error) => {
    const message = `installed, but ${file} cannot be written: ${oneLine(error.message)}`;
    throw new CliError({ message, exitCode: EXIT.failed, guidance: 'Name another place with --lock-file FILE.' });
  });
  return content.templates.length;
}
