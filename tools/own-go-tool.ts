import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PACKAGE_ROOT } from '../src/config.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { acquireGoTool, type GoToolOptions } from './go-tool.ts';

export interface OwnGoToolOptions extends Omit<GoToolOptions, 'name' | 'module' | 'directory'> {
  /** Folder of the module in our sources, from the root of the package: `tools/compose-check`. The program is called like it. */
  folder: string;
}

const MODULE_FILES = ['go.mod', 'go.sum', 'main.go'] as const;
/** Enough of a digest to tell versions of three files apart. */
const DIGEST_CHARACTERS = 16;

/**
 * Path of a program that is a few lines of ours around a pinned module, built if the cache does not have it; a change of its files
 * or linker flags makes another one. Fails like `acquireGoTool`, and with `tool_unavailable` when our sources are not there.
 */
export async function acquireOwnGoTool({ folder, ...options }: OwnGoToolOptions): Promise<string> {
  const directory = join(PACKAGE_ROOT, folder);
  if (!existsSync(join(directory, 'go.mod')))
    throw new ChandleryError('tool_unavailable', `the sources of ${folder} are not in ${PACKAGE_ROOT}`);
  const hash = createHash('sha256').update(options.linkerFlags ?? '');
  for (const file of MODULE_FILES) hash.update('\0').update(await readFile(join(directory, file)));
  const version = `${options.version}-${hash.digest('hex').slice(0, DIGEST_CHARACTERS)}`;
  return acquireGoTool({ ...options, name: basename(folder), module: folder, version, directory });
}
