import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ChandleryError } from './domain/errors.ts';
import type { RegistriesConfig } from './domain/registries-config.ts';
import { parseRegistriesConfig } from './domain/registries-config.ts';

/** The files that the configuration names. */

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_REGISTRIES = join(homedir(), '.chandlery', 'registries.yaml');

/** `registries.<env>.yaml` beside the file wins over the file; neither is needed, but a file that was named and is not there is told. */
export function readRegistries(named: string | undefined, environment: string, env: Environment): RegistriesConfig {
  const file = named ?? DEFAULT_REGISTRIES;
  const forEnvironment = file.replace(/(\.ya?ml)?$/, (ending) => `.${environment}${ending}`);
  const found = [forEnvironment, file].find((candidate) => existsSync(candidate));
  if (found !== undefined) return parseRegistriesConfig(readFileSync(found, 'utf8'), found, env);
  const problem = { registry: 'CHANDLERY_REGISTRIES', message: `neither ${named} nor ${forEnvironment} exists` };
  return { registries: [], problems: named === undefined ? [] : [problem] };
}

/**
 * What the file of a variable lists; nothing where none is named. Rights and checks that somebody wrote down and that are not there would be noticed
 * late: a file that was named has to be there, and be right. Fails with config_invalid.
 */
export function readList<T>(variable: string, file: string | undefined, parse: (text: string, file: string) => T[]): T[] {
  if (file === undefined) return [];
  if (!existsSync(file)) throw new ChandleryError('config_invalid', `${variable}: there is no file ${file}`);
  return parse(readFileSync(file, 'utf8'), file);
}
