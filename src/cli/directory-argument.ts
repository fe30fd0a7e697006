import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE } from '../domain/template.ts';

/** Whether the argument of `show` means a directory: it is written as a path, or it is one with a manifest. */
export async function isTemplateDirectory(argument: string): Promise<boolean> {
  return /^(\.{1,2}$|\.{0,2}\/)/.test(argument) || (await isFile(join(argument, MANIFEST_FILE)));
}

export async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
